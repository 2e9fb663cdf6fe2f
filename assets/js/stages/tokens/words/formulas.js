// The formulas of the panels Tokens and Text (of the answer), with the run's numbers.

import { count, num } from '../../../maths/format.js';
import { line, quote, sum } from '../../../parts/words/formula.js';

/** @param {Page.FormulaScene} scene */
export const tokenize = ({ run, card, tokens, position }) => [
  line(
    'tokens = tokenizer(text)',
    `${count([...run.text_in].length, 'character')} → ${count(run.tokens.length, 'token')}`,
    card ? `${card.tokenizer_kind}; nothing is computed by the model here` : '',
  ),
  line(
    'characters per token',
    `${[...run.text_in].length} / ${run.tokens.length} = ${num([...run.text_in].length / run.tokens.length, 3)}`,
  ),
  line(
    'id = vocabulary[token]',
    `vocabulary[${quote(tokens[position])}] = ${tokens[position].id}`,
    `the selected token, position ${position}`,
  ),
];

/** @param {Page.FormulaScene} scene */
export const detokenize = ({ run }) => {
  const own = run.steps.filter(({ token }) => !token.special);
  const size = sum(own.map(({ token }) => token.bytes.length));
  return [
    line(
      'text = UTF-8(bytes(t₁) + bytes(t₂) + …)',
      `${count(size, 'byte')} of ${count(own.length, 'token')} → ${count([...run.text].length, 'character')}`,
      'special tokens have no text; the end of a character may come with a later token',
    ),
  ];
};
