// The words of the panel Tokens.

import { count, num } from '../../../maths/format.js';
import { visible } from '../../../maths/tokens.js';

/** @param {Payload.CharacterShare} share */
const bytesOf = ({ first, last, of, character }) =>
  `${first === last ? `byte ${first}` : `bytes ${first} to ${last}`} of the ${of} of ${visible(character)}`;

export const tokenize = {
  seen: 'What the model sees',
  plain: 'Prompt alone',
  template: 'In the chat template',
  noTemplate: 'This model has no chat template.',
  thisRun: 'as in this run',
  /** @param {boolean} chat @param {boolean} preview */
  seenNote: (chat, preview) =>
    `${preview ? 'A preview; the run stays as it is. ' : ''}${chat ? 'Faint: what the chat template adds. ' : ''}Each shade is one token${preview ? '.' : '; click one to select it.'}`,
  seenGaps: ' Faint signs between tokens belong to none: the model does not see them.',
  between: 'in no token: the model does not see it',
  /** @param {number} start @param {number} stop @param {number} n */
  windowed: (start, stop, n) => `Tokens ${start} to ${stop - 1} of ${num(n)}, around the selection.`,
  /** @param {Payload.SeenAnswer} s */
  facts: (s) => [
    ['Characters', num(s.n_characters), 'Unicode code points'],
    ['Bytes', num(s.n_bytes), 'in UTF-8'],
    ['Tokens', num(s.n_tokens), `${num(s.n_special)} special, ${num(s.n_partial)} part of a character`],
    ['Characters per token', num(s.n_characters / s.n_tokens), `${num(s.n_bytes / s.n_tokens)} bytes per token`],
  ],
  /** @param {string} token @param {string} kind */
  ofKind: (token, kind) => `${token} · ${kind}`,
  /** @param {string} text @param {number} n */
  piecesOf: (text, n) => `${text} is cut into ${count(n, 'token')}`,

  path: 'From text to tokens',
  pathRows: { text: 'Text', normalized: 'Normalised', written: 'Pieces', tokens: 'Tokens' },
  rowNotes: {
    text: 'as typed',
    normalized: 'variants that this tokenizer does not tell apart, in one spelling',
    written: 'no token crosses an edge',
    tokens: 'with their ids',
  },
  /** @param {Payload.Path} p */
  parts: (p) => [
    ['Normaliser', p.normalizer.join(' → ') || 'none'],
    ['Pre-tokenizer', p.pre_tokenizer.join(' → ') || 'none'],
    ['Algorithm', p.kind],
  ],
  noNormalizer: 'This tokenizer has no normaliser: the text stays as it is.',
  letters: 'Ġ is a space: byte-level tokenizers write each byte as one letter.',
  /** @param {Payload.Path} p */
  piecesWindow: (p) =>
    p.pieces.length < p.n_pieces
      ? `Pieces ${p.pieces[0].index + 1} to ${p.pieces.at(-1).index + 1} of ${num(p.n_pieces)}.`
      : `${count(p.n_pieces, 'piece')}.`,
  /** @param {Payload.Path} p */
  piecesEqual: (p) =>
    p.n_equal === p.n_pieces
      ? `✓ each of ${count(p.n_pieces, 'piece')}, given alone to the algorithm, makes the same tokens`
      : `✗ ${num(p.n_pieces - p.n_equal)} of ${count(p.n_pieces, 'piece')}, given alone to the algorithm, make other tokens`,
  /** @param {number} position */
  generated: (position) =>
    `Position ${position} was generated: it was chosen by its id, not cut from text. Shown is the prompt's last piece.`,
  /** @param {string} text */
  selectPiece: (text) => `Select the piece ${text}`,

  merges: 'Merge by merge',
  /** @param {Page.Child} piece */
  mergesOf: (piece) => ['Merge by merge: ', piece],
  /** @param {Payload.MergesAnswer} r */
  mergesNote: (r) =>
    r.whole
      ? 'This tokenizer takes a piece that is an entry as it is, without merging (ignore_merges).'
      : r.merges.length
        ? 'It starts with the smallest parts: bytes in a byte-level tokenizer, else characters. Then the neighbouring pair with the lowest rank is merged, again and again, until no known pair is left.'
        : 'There is nothing to merge here.',
  first: 'Start',
  step: 'Step',
  play: 'Play',
  pause: 'Pause',
  all: 'All',
  atStart: 'start',
  atEnd: 'tokens',
  /** @param {number} i */
  merge: (i) => `merge ${i}`,
  /** @param {number} rank */
  rank: (rank) => `rank ${num(rank)}`,
  /** @param {number} at @param {number} n */
  progress: (at, n) => `${at} of ${count(n, 'merge')}`,
  replayed: 'replayed',
  own: "the tokenizer's own",
  equal: '✓ equal',
  unequal: '✗ not equal',
  unfinished: 'Step on to reach the tokens.',

  table: 'Every token',
  columns: ['position', 'id', 'token', 'entry', 'bytes', 'characters', 'note'],
  /** @param {number} start @param {number} stop @param {number} n */
  tableNote: (start, stop, n) =>
    stop - start < n
      ? `Positions ${start} to ${stop - 1} of ${num(n)}, around the selection.`
      : `All ${count(n, 'token')} of this run.`,
  /** @param {Payload.Token} token */
  offsets: ({ start, end }) =>
    start < 0 ? '–' : end - start === 1 ? `${start}` : end === start ? '–' : `${start}–${end - 1}`,
  special: 'special: never cut, not text',
  generatedNote: 'generated',
  share: bytesOf,
  /** @param {string} name */
  selectRow: (name) => `Select ${name}`,

  languages: 'The same sentence in other languages',
  /** @param {string} kind */
  languagesNote: (kind) =>
    `Article 1 of the Universal Declaration of Human Rights, its first sentence, cut by this ${kind} tokenizer just now. The bar is the number of tokens; the factor compares it with English.`,
  /** @param {Payload.LanguageCount} l */
  languageValue: (l) => `${num(l.n_tokens)} tokens`,
  /** @param {Payload.LanguageCount} l */
  languageNote: (l) =>
    `${num(l.n_characters)} characters · ${num(l.n_bytes)} bytes · ${num(l.tokens_per_character, 2)} tokens per character` +
    (l.n_unknown ? ` · ${num(l.n_unknown)} of ${num(l.n_tokens)} unknown` : ''),
  languagesLost:
    ' A factor in grey counts unknown tokens: the text they stand for is lost, so fewer tokens are no gain there.',
  /** @param {number} f */
  factor: (f) => `${f.toFixed(1)}×`,
};
