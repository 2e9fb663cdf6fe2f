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
  type Fact = [name: string, value: string, note: string];

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
}
