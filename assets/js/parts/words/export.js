// The text on what a visitor can save: figures, tables, the run as a file, the walk as a page of its own.

import { bytes, count, num, pct } from '../../maths/format.js';

const size = (/** @type {number} */ n) => (n < 1e6 ? bytes(n) : `${num(n / 1e6, 2)} MB`);

export const taking = {
  title: 'Take along',
  fileTitle: 'Token by Token',
  trace: 'Trace file',
  traceHint: 'JSON: recipe, tokens, candidates, times, and a check sum of every logit',
  walk: 'Walk as one page',
  walkHint: 'HTML that opens without a server, offline; small enough to mail',
  open: 'Open a trace file…',
  openHint: 'Runs its recipe here and compares the numbers',
  dropped: 'or drop one anywhere on the page',
  close: 'Close',
  compared: 'The file beside this run',
  /** @param {string} stage @param {number} done @param {number} total */
  recording: (stage, done, total) => `Recording the walk: ${stage} (${done} of ${total})`,
  packing: 'Packing the page',
  /** @param {string} name @param {number} n */
  saved: (name, n) => `Saved ${name} (${size(n)}).`,
  stopped: 'Stopped. Nothing was saved.',
  /** @param {number} n @param {number} most */
  tooLarge: (n, most) =>
    `The file has ${size(n)}; the limit is ${size(most)}. A trace file of this page is smaller: choose another file.`,
  notJson: 'This file is not JSON, so it is no trace file. Choose a file that this page saved.',
  changed: 'The run changed while it was recorded, so nothing was saved. Start again when the run is as you want it.',
};

/** @param {Payload.ComparisonAnswer['differing']} differing */
const made = (differing) => differing.map(([name, theirs, ours]) => `${name} ${theirs} there, ${ours} here`).join('; ');

/** @param {Payload.ComparisonAnswer} found */
function same(found) {
  if (!found.same_prompt) return 'The prompt became other tokens here, so nothing after it can be compared.';
  if (found.first_difference !== null)
    return `The tokens part at generated token ${found.first_difference + 1} of ${found.n_steps}.`;
  return found.n_steps
    ? `Reproduced: the same ${count(found.n_steps, 'token')}.`
    : 'The file has a prompt and no generated token; the prompt became the same tokens.';
}

/**
 * What the comparison found, in sentences.
 * @param {Payload.ComparisonAnswer} found
 */
export function comparison(found) {
  const sentences = [same(found)];
  if (found.n_compared) {
    const gap = found.max_probability_difference;
    sentences.push(
      `Over ${count(found.n_candidates, 'candidate')} in ${count(found.n_compared, 'step')} no probability differs by more than ${gap ? pct(gap) : '0'}.`,
    );
    const all = found.same_logits === found.n_compared;
    sentences.push(`${all ? 'All logits' : `The logits of ${found.same_logits} steps`} are equal to the last bit.`);
  }
  sentences.push(
    found.differing.length
      ? `Made by something else: ${made(found.differing)}.`
      : 'Made by the same versions on the same kind of machine.',
  );
  return sentences;
}

export const recorded = {
  noScript: 'This walk needs JavaScript, which comes inside this file.',
  // boot.js, which cannot import this file, puts the error in place of WHY.
  broken: 'This walk could not be opened (WHY). It needs a browser of 2023 or later.',
  title: 'A recorded walk',
  /** @param {Page.WalkDescription} recorded */
  about: ({ model, dtype, device }) =>
    `This page is one file. Every number in it was computed by ${model} (${dtype}, ${device}) and recorded; no server is asked.`,
  inside: 'What is in this file, and what is left out',
  /** @param {Page.WalkDescription} recorded */
  list: ({ views, kept, left, top }) => [
    `Recorded: ${count(kept, 'answer')} of ${count(views.length, 'kind')} (${views.join(', ')}).`,
    `Each stage is recorded for every token of the run at the layer and head that were selected, each layer at the selected token, and attention maps of other heads as far as the size allows.`,
    `Of each step the ${num(top)} most likely tokens have their own logit; the probability of the rest is spread evenly over them.`,
    left
      ? `Left out to keep the file small enough to mail: ${count(left, 'answer')}.`
      : 'Nothing that was recorded had to be left out for its size.',
    'Live measurements, new prompts, other tokens and the charts that Plotly draws need the live page.',
  ],
};

export const figures = {
  title: 'Figures and tables',
  facts: 'Key figures',
  hint: 'Of what is open now: pictures stand alone, tables open in a spreadsheet',
  none: 'There is no figure or table in what is open.',
  svg: 'SVG',
  png: 'PNG',
  csv: 'CSV',
  /** @param {string} kind @param {string} name */
  save: (kind, name) => `Save “${name}” as ${kind}`,
};
