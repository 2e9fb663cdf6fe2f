// The shapes that the panels around the walk pass among their own files.

declare namespace Page {
  /** What the formulas of a stage are filled in with; `now` is the selected step, where there is one. */
  interface FormulaScene {
    run: Run;
    card: Card;
    tokens: RunToken[];
    position: number;
    now?: Step;
  }

  /** A term, its value, and a note in small type. */
  type Fact = [name: string, value: Child, note: string];

  /** One way of doing the work, as a row of groups on a clock. */
  interface Lane {
    name: string;
    groups: LaneGroup[];
  }

  interface LaneGroup {
    label: string;
    parts: LanePart[];
  }

  /** `kind` is the CSS class, `value` the time. */
  interface LanePart {
    kind: string;
    value: number;
  }

  /** Columns of values with marks across them. */
  interface Columns {
    values: number[];
    marks: { name: string; value: number }[];
    format: (value: number) => string;
    title: string;
    onpick?: (column: number) => void;
  }

  /** A card that measures up to a chosen number: its words, its job, and how it shows the points. */
  interface Sweep<N extends 'length_sweep' | 'throughput'> {
    job: N;
    title: string;
    note: string;
    field: HTMLInputElement;
    label: string;
    go: string;
    summary: (found: Payload.Jobs[N]) => Child;
    head: string[];
    row: (point: Payload.Jobs[N]['points'][number]) => Child[];
    charts: ((points: Payload.Jobs[N]['points']) => Chart)[];
    key: Child;
    onfound?: (found: Payload.Jobs[N]) => void;
  }

  /** Lines and dots over a logarithmic x axis; `log` makes y logarithmic too. */
  interface Chart {
    title: string;
    x: ChartAxis;
    y: ChartAxis;
    series: ChartSeries[];
    log?: boolean;
  }

  interface ChartAxis {
    name?: string;
    format: (value: number) => string;
  }

  type ChartPoint = [x: number, y: number, label?: string];

  /** `line` and `dots` are drawn unless they are false; a `quiet` series is left out of the text for screen readers. */
  interface ChartSeries {
    name: string;
    kind: string;
    points: ChartPoint[];
    line?: boolean;
    dots?: boolean;
    quiet?: boolean;
  }

  /** What the panel of the KV cache draws from. */
  interface CacheScene {
    run: Run;
    cache: Payload.KVCacheRecord;
    costs: Payload.CacheCosts;
  }

  /** The KV cache as a grid of `n` columns: the first `filled` are written, `nPrompt` of them by prefill. */
  interface CacheFilling {
    layers: Payload.LayerCache[];
    n: number;
    nPrompt: number;
    filled: number;
    selection: Selection;
    label: string;
  }

  /** A cell of that grid: the positions of its column, and whether the layer's window has passed them (`gone`). */
  interface CacheCell {
    row: number;
    from: number;
    to: number;
    written: boolean;
    gone: boolean;
  }

  /** One side of a comparison. `lens` is null where the model has none, for the reason `noLens`. */
  interface Side {
    run: Run;
    card: Card;
    latency: Payload.Latency;
    score: Payload.SurprisalAnswer | null;
    lens: Lens | null;
    noLens?: string;
  }
}
