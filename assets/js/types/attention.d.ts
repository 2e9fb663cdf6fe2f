// The shapes that the scripts of the Prefill panel pass among themselves.

declare namespace Page {
  /** What the parts of the panel draw from: the first `n` positions are shown, `nFed` have been through the model. */
  interface AttentionScene extends Pick<State, 'run' | 'card' | 'selection'> {
    tokens: RunToken[];
    n: number;
    nFed: number;
  }

  type HeadPlace = Pick<Selection, 'layer' | 'head'>;

  /** The part of a map that is shown: queries from `q0` and keys from `k0`, each up to, but not including, the end. */
  interface MapWindow {
    q0: number;
    q1: number;
    k0: number;
    k1: number;
  }

  /** A start, and the end that is not included. */
  type Range = [number, number];

  /** A cell of a map: the positions it covers, and their weight. */
  interface MapCell {
    queries: Range;
    keys: Range;
    weight: number;
    masked: boolean;
  }

  type MapScope = 'prompt' | 'all';

  /** How a cell sums up the weights of its block. */
  type BlockRule = 'max' | 'mean';

  type BertvizKind = 'head' | 'model' | 'neuron';
  type ScoreName = keyof Payload.ScoresByName;

  /** A head in a list that is sorted by a score; `spokenName` is for screen readers. */
  interface RankedHead extends HeadPlace {
    score: string;
    spokenName: string;
  }

  /** A head's thumbnail, in the form that `heatmap` takes. */
  type Thumbnail = Pick<Heat, 'data' | 'rows' | 'cols'>;

  /** A vector that is drawn as a strip of cells; `label` says what it is, with its norm. */
  interface Strip {
    name: string;
    data: Numbers;
    color?: string;
    label: (name: string, norm: number) => string;
  }
}
