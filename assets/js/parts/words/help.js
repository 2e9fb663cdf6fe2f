// The text of the help overlay and of projector mode.

export const help = {
  title: 'How to use this page',
  open: 'Help and keys (?)',
  close: 'Close',
  projector: 'Projector mode: large type (P)',
  intro: [
    'The page shows one run of a language model, from the text that goes in to the text that comes out. It opens on a finished run.',
    'Press Next to walk through it, one stage and then one token at a time; Play walks by itself. Or click any stage in the ribbon.',
    'Click a token, anywhere: every view then speaks of its position. Point at one to see what it attends to.',
    'Type your own prompt and press Run. Step by step stops after the prefill, and Next makes one token at a time.',
    'A word with a dotted underline is explained when you point at it, tap it, or reach it with Tab.',
    'The address bar holds all of it: a copied link brings exactly this run and this view back.',
  ],
  keys: 'Keys',
  keyColumns: ['key', 'what it does'],
  /** @type {[string[], string][]} */
  list: [
    [['→', '←'], 'Next and Back through the walk'],
    [['Space'], 'Play and Pause'],
    [['Ctrl', 'Enter'], 'Run, while you type the prompt'],
    [['Tab'], 'to the next control, token or chart'],
    [['→', '←'], 'in the ribbon and in the row under it: the stage beside'],
    [['→', '←', '↑', '↓'], 'on a map: another head, layer or position'],
    [['Enter'], 'take what has the focus'],
    [['P'], 'Projector mode on and off'],
    [['?'], 'this help'],
    [['Esc'], 'close'],
  ],
  terms: 'All terms',
};
