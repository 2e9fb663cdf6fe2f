// The shapes of elements, and of the charts that several stages share.

declare namespace Page {
  /** A term of the glossary; its name is the first of its forms. */
  interface Term {
    name: string;
    text: string;
    forms: string[];
  }

  /** What `h` takes as a child. */
  type Child = Node | string | number | boolean | null | undefined | Child[];

  type Handlers = {
    [Name in keyof GlobalEventHandlersEventMap as `on${Name}`]?: (event: GlobalEventHandlersEventMap[Name]) => void;
  };

  /** What `h` takes as properties: attributes, and handlers of events. */
  interface Props extends Handlers {
    style?: string | Record<string, string | number>;
    dataset?: Record<string, string | number | boolean>;
    [name: string]:
      string | number | boolean | null | Record<string, string | number | boolean> | ((event: never) => void);
  }

  interface H {
    <K extends keyof HTMLElementTagNameMap>(
      tag: K,
      props?: Props | null,
      ...children: Child[]
    ): HTMLElementTagNameMap[K];
    (tag: string, props?: Props | null, ...children: Child[]): HTMLElement;
  }
  interface Svg {
    <K extends keyof SVGElementTagNameMap>(tag: K, props?: Props | null, ...children: Child[]): SVGElementTagNameMap[K];
  }

  /** A colour scale: [r, g, b] of a number from 0 to 1, or from -1 to 1. */
  type Scale = (t: number) => number[];

  /**
   * Rows by columns of numbers as colours. `scale(t)` gives [r, g, b] for t from 0 to 1, `domain` is what maps to 0 and
   * to 1 (by default [0, 255] for bytes, else [0, 1]); cells that are `blank` stay transparent.
   */
  interface Heat {
    data: ArrayLike<number>;
    rows: number;
    cols: number;
    scale: (t: number) => ArrayLike<number>;
    domain?: number[];
    blank?: (row: number, col: number) => boolean;
  }

  /** A row of the chart of bars: a token's, or one with a name of its own. `preview` is a second bar. */
  interface BarRow {
    token?: Token;
    name?: string;
    id?: number;
    logit?: number;
    probability: number;
    preview?: number | null;
    selected?: boolean;
  }

  /** A line's name, and the class that it is drawn with. */
  interface LineStyle {
    name: string;
    kind: string;
  }

  /** Lines over `n` steps, in which null is a gap. */
  interface Lines {
    title: string;
    series: (LineStyle & { values: (number | null)[] })[];
    n: number;
    format: (value: number) => string;
    axis: string;
  }

  /** A canvas whose cells are selected. */
  interface Picking<Cell> {
    /** The cell at the pointer. */
    under: (event: MouseEvent) => Cell | null;
    /** The cell to select from the current one by an arrow key. */
    toward: (right: number, down: number) => Cell | null;
    draw: () => unknown;
    onHover: (cell: Cell | null) => unknown;
    onSelect: (cell: Cell) => unknown;
  }

  /** A rectangle of a head's map, unpacked. */
  interface MapTile
    extends
      Omit<Heat, 'scale' | 'domain' | 'blank'>,
      Pick<Payload.AttentionTileAnswer, 'block' | 'exact' | 'query_start' | 'query_stop' | 'key_start' | 'key_stop'> {
    first_seen: Numbers;
  }

  /** A stretch of the bar that all tokens share. */
  interface Part {
    label: string;
    from: number;
    share: number;
    selected: boolean;
  }
}
