// The state of the page, and what its parts and panels share. The answers of the server are in payloads.d.ts.

declare namespace Page {
  /** Arguments of a view or a job. */
  type Args = Record<string, unknown>;
  type Check = Payload.Check;
  type Recipe = Payload.RecipeAnswer;
  type Step = Payload.RunStep;
  type ModelChoice = Pick<Recipe, 'model' | 'revision' | 'device' | 'dtype'>;

  /** Parts of a recipe, as an example or a link gives them. */
  type Sparse = Partial<Omit<Recipe, 'sampling'>> & { sampling?: Partial<Payload.SamplingSettings> };

  /** A run with all tokens of its prompt and the steps that have arrived so far. */
  type Run = Payload.RunAnswer;
  type Card = Payload.CardAnswer;

  /** A token of a run, and one without a position. */
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

  /** What an address asks for; `recipe` or `place` is null where the address does not name it. */
  interface AddressRequest {
    recipe: Sparse | null;
    place: Place | null;
  }

  /** The current work. `fraction` is null if unknown; `resumes` is true for a run, which can continue after a stop. */
  interface Status {
    phase: 'idle' | 'running' | 'error';
    message?: string;
    fraction?: number | null;
    began?: number;
    work?: string | null;
    resumes?: boolean;
  }

  /** A run as a branch of its prompt's tree; `beam` is its rank among those that beam search found. */
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

  /** Tokens that some branches share, until they diverge or one of them ends. `upto` is the surprisal so far, in bits. */
  interface Segment {
    tokens: Payload.BranchToken[];
    start: number;
    upto: number;
    leaves: Branch[];
    children: Segment[];
  }

  /** The state of the page. Card, recipe and run are null until a run has something to show. */
  interface State {
    away: boolean;
    branches: { root: string; list: Branch[] };
    card: Card | null;
    draft: Recipe;
    following: boolean;
    requests: { slow: string[]; cancelled: string[] };
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

  type Changes = Set<keyof State>;

  interface Store {
    state: State;
    set(patch: Partial<State>): void;
    subscribe(listener: (state: State, changed: Changes) => unknown): () => boolean;
  }

  /** Requests a view by its name: the answer has the type that the view in viz/stages declares. */
  type Ask = <N extends keyof Payload.Views>(name: N, args?: Args) => Promise<Payload.Views[N]>;
  type AskOf = <N extends keyof Payload.Views>(recipe: Recipe, name: N, args?: Args) => Promise<Payload.Views[N]>;
  type AskAny = <N extends keyof Payload.Views>(name: N, recipe: Recipe, args?: Args) => Promise<Payload.Views[N]>;

  /** A question for core/ask.js. The answer of `question` is dropped if a newer question was asked. */
  interface Question<A> {
    key?: string | symbol;
    again?: boolean;
    question: (isNewest: () => boolean) => Promise<A> | A;
    onanswer?: (answer: A, isNewest: () => boolean) => unknown;
    onerror: (error: Error) => unknown;
  }

  interface Asking {
    ask<A>(question: Question<A>): Promise<void>;
    forget(): void;
    drop(): void;
  }

  type EndKind = 'done' | 'error' | 'stopped' | 'superseded';
  /** Called when work has ended; returns true if it has explained an error to the visitor itself. */
  type OnEnd = (kind: EndKind, error?: string) => boolean | void;

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
      ondone?: OnEnd,
      recipe?: Recipe,
    ): void;
    runOther(recipe: Recipe, nSteps: number, ondone: OnEnd): void;
    fetchWhole(recipe: Recipe): Promise<Run>;
    ownWork(onstop: () => void): {
      report(message: string, fraction: number | null, began: number): void;
      done(): void;
    };
    restore(): Promise<void>;
    stop(): void;
  }

  /** What each panel gets: the store, the ways to the server, and the addresses of the page's files. */
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
    update(state: State, changed: Changes): void;
  }

  /** What starts the page: Gradio's component, or a recorded walk, which has a line of its own. */
  interface Host {
    config: Payload.PageConfig;
    event?: string;
    line?: Line;
    load?: Load;
    recorded?: WalkDescription;
  }

  /** The tokens before a step, and how many of them are the prompt. */
  interface Context {
    ids: number[];
    nPrompt: number;
  }

  /** A stage of the sampler, and the shares of all tokens after it. */
  interface Stage {
    name: 'model' | keyof Payload.SamplingSettings;
    setting: number | boolean | null;
    shares: Float64Array;
  }

  /** The numbers of an array; typed arrays of all kinds are read in the same way. */
  type Numbers = Float32Array;

  /** An unpacked array. */
  interface Unpacked {
    data: Numbers;
    shape: number[];
  }

  /** What the cards of the Embeddings panel, and some others, draw from. */
  interface Scene extends Selection {
    run: Run;
    tokens: RunToken[];
    n: number;
  }

  /** A job with its own button; `show` draws what has been found so far and returns the status line. */
  interface Measurement<N extends keyof Payload.Jobs> {
    job: N;
    args(): Args;
    show(found: Payload.Jobs[N]): Child;
    go: string;
    stop: string;
    onforget?: () => void;
  }
}

interface Window {
  gradio_config?: Page.Gradio;
  Plotly?: Page.Plotly;
  parentIFrame?: unknown;
}

// All elements that the scripts look up by a selector are HTML elements, or pictures of which only the box is used.
interface ParentNode {
  querySelector(selectors: string): HTMLElement | null;
  querySelectorAll(selectors: string): NodeListOf<HTMLElement>;
}
