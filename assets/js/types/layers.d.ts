// The shapes that the files of the Layers panel pass among themselves.

declare namespace Page {
  /** What every card of the panel shows: a position of the run, in a layer. `length` counts all tokens of the run. */
  interface LayersScene extends Selection {
    run: Run;
    card: Card;
    tokens: RunToken[];
    length: number;
  }

  /** A window of the lens, whose rows arrive a few at a time. */
  type Lens = ReturnType<typeof import('../maths/lens.js').readLens> extends AsyncGenerator<infer L> ? L : never;

  /** A cell of the lens map: row 0 is the embedding, row n the stream after layer n − 1. */
  interface LensCell {
    row: number;
    column: number;
  }

  /** What the lens map draws. `value` is from 0 to 1, and undefined where the cell has not arrived yet. */
  interface LensPicture {
    columns: number;
    rows: number;
    scale: (t: number) => number[];
    selected: LensCell;
    input: (column: number) => Token;
    next: (column: number) => Token | undefined;
    value: (row: number, column: number) => number | undefined;
    token: (row: number, column: number) => Token;
    rowName: (row: number) => string;
    corner: { input: string; next: string };
  }

  /** What the charts by layer have in common: `title` is the tooltip of a slot, one of the columns of a chart. */
  interface LayerChart {
    selected: number;
    onSelect: (slot: number) => unknown;
    label: string;
    title: (slot: number) => string;
  }

  interface LayerLines extends LayerChart {
    series: { values: Numbers; kind: string }[];
    axis: string;
  }

  interface LayerBars extends LayerChart {
    slots: { name: string | number; bars: { value: number; kind: string }[] }[];
  }

  /** A cell for each layer and head; `at` is NaN where a layer has no heads. */
  interface HeadGrid {
    layers: number;
    heads: number;
    slots: number;
    at: (layer: number, head: number) => number;
    color: (share: number) => ArrayLike<number>;
    selected: Pick<Selection, 'layer' | 'head'>;
    onSelect: (layer: number, head: number) => unknown;
    label: string;
    title: (layer: number, head: number, share: number) => string;
    axis: string;
  }
}
