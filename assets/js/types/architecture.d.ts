// The shapes that the files of the panel Model pass among themselves.

declare namespace Page {
  /** What a box of the diagram says: a title, and short texts that are joined to lines. */
  type BoxWords = [title: string, texts: string[]];

  /** A box of the diagram. `go` opens what it stands for; `squares` counts its squares, and those that are marked. */
  interface FlowBox {
    kind: string;
    title: string;
    texts: string[];
    label: string;
    go: () => void;
    inside?: FlowBox[];
    squares?: [n: number, chosen: number];
  }

  /** A step of a block: a norm on the stream, or columns of boxes beside it, below the boxes that they share. */
  type FlowStep = { norm: FlowBox } | FlowBranch;

  interface FlowBranch {
    shared: FlowBox[];
    columns: FlowBox[][];
  }

  type GridCell = [row: number, column: number];

  /** A grid of cells: the names of both sides, a shade from 0 to 1, what is written, and the selected cell. */
  interface RouteGrid {
    rows: string[];
    columns: string[];
    at: (row: number, column: number) => number;
    text: (row: number, column: number) => string | number;
    now: GridCell;
    label: string;
  }

  /** The routing of a run, unpacked: `n` positions, `k` experts for each, `most` the largest weight. */
  interface Routed extends Omit<Payload.Routing, 'experts' | 'weights' | 'load'> {
    experts: Numbers;
    weights: Numbers;
    load: Numbers;
    n: number;
    k: number;
    nExperts: number;
    most: number;
  }
}
