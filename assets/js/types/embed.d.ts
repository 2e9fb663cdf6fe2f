// The shapes that the files of the Embeddings panel pass among themselves.

declare namespace Page {
  /** The positions of a run that a held answer is about, from `start` on. */
  interface TokenWindow {
    run: string;
    n: number;
    start: number;
    count: number;
  }

  /** A square matrix over positions; `labels` are the names of its rows and columns. */
  interface Matrix extends Pick<Heat, 'data' | 'scale' | 'domain'> {
    labels: string[];
    selected: number;
  }

  /** Angles, from 0 to one turn, by position (rows) and pair of dimensions (columns). */
  interface Angles extends Pick<Heat, 'data' | 'rows' | 'cols'> {
    labels: string[];
    selected: number;
  }

  /** A row of an embedding matrix, with the token it belongs to. */
  interface RowStrip {
    token: Token & Pick<RunToken, 'position'>;
    data: Numbers;
    norm: number;
  }

  /** Strips whose colours reach from −reach to reach, and whose longest bar of a norm stands for `widest`. */
  interface RowStrips {
    rows: RowStrip[];
    reach: number;
    widest: number;
    selected: number;
  }

  /** One number of a strip. */
  interface RowStripCell extends Pick<RowStrip, 'token'> {
    index: number;
    value: number;
  }

  /** The map of tokens with its coordinates unpacked; `key` names the run and length that it was made from. */
  interface TokenMap extends Payload.EmbedMapAnswer {
    coordinates: Numbers;
    n_axes: number;
    key: string;
  }

  /** What the page uses of the Plotly library. */
  interface Plotly {
    Icons: { disk: object };
    toImage(graph: Element, options: { format: string; scale: number }): Promise<string>;
    downloadImage(graph: Element, options: { format: string; filename: string }): Promise<string>;
    react(place: HTMLElement, traces: object[], layout: object, config: object): Promise<HTMLElement>;
  }

  /** A pointer event on a Plotly chart, with the points under it. */
  interface PlotlyEvent {
    points: { curveNumber: number; pointNumber: number; customdata?: number }[];
  }

  /** A point of a chart under the pointer; `data` is the number that its trace gave it. */
  interface PlotPoint {
    curve: number;
    index: number;
    data?: number;
  }

  interface PlotOptions {
    name: string;
    describe?: () => string;
    onClick?: (point: PlotPoint) => unknown;
    onHover?: (point: PlotPoint | null) => unknown;
  }
}
