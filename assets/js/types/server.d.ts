// The shapes that travel between the page and the server, and those of a recorded walk, which replaces the server.

declare namespace Page {
  type Listen = (standing: Standing) => void;

  interface Bridge {
    ask: AskAny;
    fresh: AskAny;
    look: AskAny;
    cancelRequests(): void;
    run(recipe: Recipe, nSteps: number | null, listen: Listen): void;
    job(name: keyof Payload.Jobs, recipe: Recipe, args: Args, listen: Listen): void;
    stop(): void;
  }

  /** A recorded walk's description of itself. */
  interface WalkDescription {
    model: string;
    dtype: string;
    device: string;
    kept: number;
    left: number;
    views: string[];
    top: number;
  }

  /** The logits in a recorded walk: the largest, and one value for all others. */
  interface RecordedLogits {
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
    about: WalkDescription;
  }

  /** An answer in a recorded walk. */
  type RecordedAnswer = Payload.Views[keyof Payload.Views] | RecordedLogits;

  /** A recorded walk: its run, and for the key of each question the index of its answer. */
  interface Recording {
    run: Run;
    keys: Map<string, number>;
    answers: RecordedAnswer[];
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
    run(request: Request, receive: (news: News) => void): () => void;
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

  /** Gradio's own configuration of the page: its address, its components and its events. */
  interface Gradio {
    root?: string;
    api_prefix?: string;
    components: { id: number; props: { elem_id?: string } }[];
    dependencies: { id: number; targets: [number, string][] }[];
  }

  /** A message about a run or job, with the fields of all kinds; the page itself makes some without a fraction. */
  type Standing = { [K in KeysOf<Payload.Standing>]?: Of<Payload.Standing, K> | null };
}
