// The shapes that the page's scripts pass among themselves. What comes from the server is in payloads.d.ts.

declare namespace Page {
  /** Arguments of a view or a job. */
  type Args = Record<string, unknown>;
  type Check = Payload.Check;
  type Recipe = Payload.Recipe;
  type Step = Payload.RunStep;
  type ModelChoice = Pick<Recipe, 'model' | 'revision' | 'device' | 'dtype'>;

  /** Parts of a recipe, as an example or a link gives them. */
  type Sparse = Partial<Omit<Recipe, 'sampling'>> & { sampling?: Partial<Payload.SamplingSettings> };

  /** The run that is shown, with all tokens of its prompt and the steps that have come so far. */
  type Run = Payload.RunAnswer;
  type Card = Payload.CardAnswer;

  /** A token of a run, and one that has no place in it. */
  type RunToken = Payload.Token;
  type Token = Payload.ShownToken;

  interface Selection {
    position: number;
    layer: number;
    head: number;
  }

  type WalkStage = 'text' | 'tokenize' | 'embed' | 'prefill' | 'layers' | 'decode' | 'select' | 'detokenize';
  type AroundStage = 'model' | 'branches' | 'cache' | 'latency' | 'batching' | 'speculative' | 'whatif' | 'compare';
  type StageName = WalkStage | AroundStage;

  /** A place in the walk: a stage, a step, and what is selected in it. */
  interface Place {
    stage: StageName;
    step: number;
    selection: Selection;
  }

  /** A stop of the walk; `position` is the one it is about. */
  interface Stop {
    stage: StageName;
    step?: number;
    position?: number;
  }

  /** What an address asks for; either is null when it says nothing of it. */
  interface Asked {
    recipe: Sparse | null;
    place: Place | null;
  }

  /** What is under way. `fraction` is null where it is not known, `resumes`: a run, which goes on after a stop. */
  interface Status {
    phase: 'idle' | 'running' | 'error';
    message?: string;
    fraction?: number | null;
    began?: number;
    work?: string | null;
    resumes?: boolean;
  }

  /** A run as a branch of its prompt's tree; `beam`: which one it is, of those that beam search found. */
  interface Branch {
    key: string;
    recipe: Recipe;
    name: string;
    tokens: Payload.BranchToken[];
    text: string;
    stop: string;
    reused?: number;
    beam?: { place: number; of: number };
  }

  /** A stretch that some branches share: it runs until they part, or one of them ends. `upto` is in bits. */
  interface Segment {
    tokens: Payload.BranchToken[];
    start: number;
    upto: number;
    leaves: Branch[];
    children: Segment[];
  }

  /** The one state of the page. Card, recipe and run are null until a run has something to show. */
  interface State {
    away: boolean;
    branches: { root: string; list: Branch[] };
    card: Card | null;
    draft: Recipe;
    following: boolean;
    looks: { slow: string[]; stopped: string[] };
    recipe: Recipe | null;
    run: Run | null;
    selection: Selection;
    stage: StageName;
    status: Status;
    step: number;
    theme: string | null;
  }

  /** The state, and the record of the selected step. */
  type Moment = State & { now: Step };

  type Changed = Set<keyof State>;

  interface Store {
    state: State;
    set(patch: Partial<State>): void;
    subscribe(listener: (state: State, changed: Changed) => unknown): () => boolean;
  }

  /** A view by its name: the answer has the type that the view in viz/stages declares. */
  type Ask = <N extends keyof Payload.Views>(name: N, args?: Args) => Promise<Payload.Views[N]>;
  type AskOf = <N extends keyof Payload.Views>(recipe: Recipe, name: N, args?: Args) => Promise<Payload.Views[N]>;
  type AskAny = <N extends keyof Payload.Views>(name: N, recipe: Recipe, args?: Args) => Promise<Payload.Views[N]>;

  /** What core/ask.js is asked: `question` brings an answer, which is dropped where a newer question was asked. */
  interface Question<A> {
    key?: string | symbol;
    again?: boolean;
    question: (isNewest: () => boolean) => Promise<A> | A;
    answered?: (answer: A, isNewest: () => boolean) => unknown;
    refused: (error: Error) => unknown;
  }

  interface Asking {
    ask<A>(question: Question<A>): Promise<void>;
    forget(): void;
    drop(): void;
  }

  type Ended = 'done' | 'error' | 'stopped' | 'superseded';
  /** Called when work has ended; returns true if it has explained an error to the visitor itself. */
  type OnEnded = (kind: Ended, error?: string) => boolean | void;

  interface RunOptions {
    following?: boolean;
    place?: Place | null;
  }

  interface Runner {
    start(recipe: Recipe, nSteps?: number | null, options?: RunOptions): void;
    more(nSteps: number, options?: RunOptions): void;
    job<N extends keyof Payload.Jobs>(
      name: N,
      args: Args,
      onfound: (found: Payload.Jobs[N]) => void,
      ondone?: OnEnded,
      recipe?: Recipe,
    ): void;
    beside(recipe: Recipe, nSteps: number, ondone: OnEnded): void;
    whole(recipe: Recipe): Promise<Run>;
    own(onstop: () => void): { report(message: string, fraction: number | null, began: number): void; done(): void };
    restore(): Promise<void>;
    stop(): void;
  }

  type Listen = (standing: Standing) => void;

  interface Bridge {
    ask: AskAny;
    fresh: AskAny;
    look: AskAny;
    stopLooks(): void;
    run(recipe: Recipe, nSteps: number | null, listen: Listen): void;
    job(name: keyof Payload.Jobs, recipe: Recipe, args: Args, listen: Listen): void;
    stop(): void;
  }

  /** What a panel is given: the store, the ways to the server, and where the page's files are. */
  interface Ctx {
    store: Store;
    runner: Runner;
    examples: Payload.Example[];
    files: Files;
    plotlyUrl: string;
    vendorUrl: string;
    view: Ask;
    ask: Ask;
    askOf: AskOf;
    load: Load;
    select(patch: Partial<Selection>): void;
    point?: (position: number | null) => void;
  }

  /** Loads a module of the page by its path from main.js. */
  interface Load {
    (path: './export/standalone.js'): Promise<typeof import('../export/standalone.js')>;
    (path: `./stages/${string}.js`): Promise<StageModule>;
  }

  /** The module of a stage. */
  interface StageModule {
    mount(root: HTMLElement, ctx: Ctx): Panel;
    formulas(scene: FormulaScene): (Formula | null | false)[] | null;
  }

  /** A line of the foot of a panel: a formula, the same with the run's numbers, and what its letters mean. */
  interface Formula {
    formula: string;
    numbers: string;
    note: string;
  }

  interface Files {
    base: string;
    modules: string[];
    sheets: string[];
    config: Payload.PageConfig;
  }

  interface Panel {
    update(state: State, changed: Changed): void;
  }

  /** Who starts the page: Gradio's component, or a recorded walk, which has a line of its own. */
  interface Host {
    config: Payload.PageConfig;
    event?: string;
    line?: Line;
    load?: Load;
    recorded?: Recorded;
  }

  /** What a recorded walk says of itself. */
  interface Recorded {
    model: string;
    dtype: string;
    device: string;
    kept: number;
    left: number;
    views: string[];
    top: number;
  }

  /** The logits in a recorded walk: the largest, and one value for all others. */
  interface KeptLogits {
    step: number;
    size: number;
    ids: number[];
    logits: number[];
    rest: number;
  }

  /** Called with what is being recorded (null at the end), and how much of it is done. */
  type RecordingProgress = (stage: string | null, done: number, total: number) => void;

  /** The compressed part of a recorded walk's file: the sources of the modules by path, the style sheet, and the walk. */
  interface WalkFile {
    modules: Record<string, string>;
    css: string;
    walk: Walk;
  }

  interface Walk extends Pick<Recording, 'run' | 'answers'> {
    keys: [string, number][];
    config: Payload.PageConfig;
    about: Recorded;
  }

  /** An answer in a recorded walk. */
  type KeptAnswer = Payload.Views[keyof Payload.Views] | KeptLogits;

  /** A recorded walk: its run, and for the key of each question the index of its answer. */
  interface Recording {
    run: Run;
    keys: Map<string, number>;
    answers: KeptAnswer[];
  }

  /** A request for the queue: a run of `n_steps` tokens, or a job. */
  interface Request {
    id: string;
    recipe: Recipe;
    n_steps?: number | null;
    job?: keyof Payload.Jobs;
    args?: Args;
  }

  /** The line to the server: Gradio's, or a recorded walk's. */
  interface Line {
    /** Resolves when the server is back. */
    back(): Promise<void>;
    halt(id: string): unknown;
    look(request: string): Promise<string>;
    run(request: Request, hear: (news: News) => void): () => void;
  }

  /** News of a request in the queue: how many are before it, the text of a message, or that the connection broke. */
  interface News {
    queued?: number;
    text?: string;
    lost?: boolean;
  }

  /** Why a request has no answer; the page itself adds a reason to those of the server. */
  type Failure = Pick<Payload.Failure, 'error'> & { reason: Payload.Failure['reason'] | 'recorded' };

  /** The answer to a request for a view. */
  type Reply<A> = { ok: A } | Failure;

  /** What a message of Gradio's queue carries: a text, or how it differs from the last one, as [action, path, value]. */
  interface QueueOutput {
    data?: (string | [string, unknown, string][])[];
    error?: string;
  }

  interface QueueMessage {
    msg: string;
    rank?: number;
    output?: QueueOutput;
  }

  type KeysOf<U> = U extends unknown ? keyof U : never;
  type Of<U, K> = U extends unknown ? (K extends keyof U ? U[K] : never) : never;

  /** What a page knows of Gradio: where it is, and which component and event are ours. */
  interface Gradio {
    root?: string;
    api_prefix?: string;
    components: { id: number; props: { elem_id?: string } }[];
    dependencies: { id: number; targets: [number, string][] }[];
  }

  /** A message on the way, with what any kind of them may have; the page itself makes some without a fraction. */
  type Standing = { [K in KeysOf<Payload.Standing>]?: Of<Payload.Standing, K> | null };

  /** The tokens a step was chosen after, and how many of them are the prompt. */
  interface Context {
    ids: number[];
    nPrompt: number;
  }

  /** One stage of the sampler: the shares of all tokens after it. */
  interface Stage {
    name: 'model' | keyof Payload.SamplingSettings;
    setting: number | boolean | null;
    shares: Float64Array;
  }

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

  /** The numbers of an array. Of whatever kind it is, it is read alike. */
  type Numbers = Float32Array;

  /** An unpacked array. */
  interface Unpacked {
    data: Numbers;
    shape: number[];
  }

  /** What the parts of the Embeddings panel, and some others, draw from. */
  interface Scene extends Selection {
    run: Run;
    tokens: RunToken[];
    n: number;
  }

  /** A job with a button of its own; `show` draws what has been found and gives the sentence to say of it. */
  interface Measurement<N extends keyof Payload.Jobs> {
    job: N;
    args(): Args;
    show(found: Payload.Jobs[N]): Child;
    go: string;
    stop: string;
    onforget?: () => void;
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
      Pick<Payload.AttentionTileAnswer, 'block' | 'query_start' | 'query_stop' | 'key_start' | 'key_stop'> {
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

interface Window {
  gradio_config?: Page.Gradio;
  Plotly?: Page.Plotly;
  parentIFrame?: unknown;
}

// Whatever is looked up by a selector here is an HTML element, or a picture that is asked for its box alone.
interface ParentNode {
  querySelector(selectors: string): HTMLElement | null;
  querySelectorAll(selectors: string): NodeListOf<HTMLElement>;
}
