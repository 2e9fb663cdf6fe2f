// The words of the BertViz section in the Prefill panel.

export const bertviz = {
  title: 'BertViz',
  about:
    'The attention views many papers and courses use (Vig 2019), drawn by BertViz itself from this run’s numbers, in a frame that can reach nothing but its own script.',
  /** @type {Record<Page.BertvizKind, string>} */
  kinds: { head: 'Head view', model: 'Model view', neuron: 'Neuron view' },
  choose: 'View',
  loading: 'Drawing … (BertViz takes a few seconds to load the first time)',
  /** @param {Page.BertvizKind} kind */
  frame: (kind) => `BertViz ${kind} view of this run`,
  /** @param {{ kind: Page.BertvizKind, answer: Payload.BertvizAnswer, head: number }} view */
  limits: ({ kind, answer: { layers, start, stop, n_positions: n, note }, head }) =>
    [
      kind === 'neuron'
        ? `Layer ${layers[0]}, head ${head} only.`
        : layers.length === 1
          ? `Layer ${layers[0]} only, all heads.`
          : `Layers ${layers[0]}–${layers.at(-1)} only, all heads.`,
      stop - start < n
        ? `Tokens ${start}–${stop - 1} of ${n}: a view is limited to 200 KB and 64 tokens${start > 0 ? '; weights on tokens before them are not drawn' : ''}.`
        : `All ${n} tokens.`,
      'Numbers rounded to 4 decimals.',
      note &&
        `BertViz divides q · k by √d; this model multiplies by ${note}, so the scores in the picture differ from the model’s.`,
    ]
      .filter(Boolean)
      .join(' '),
};
