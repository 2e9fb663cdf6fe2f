// A self-check as a small mark that opens into its numbers.

import { fill, h } from '../core/elements/dom.js';
import { check as words } from './words/check.js';

/** @param {Page.Check} check */
const isMade = (check) => check.made !== false;

/**
 * What the mark says: the worst of the checks that were made, or that there was nothing to check.
 * @param {Page.Check[]} made
 */
function summed(made) {
  if (!made.length) return words.notMade;
  const said = made.find((check) => !check.passed) ?? made[0];
  const text = made.length === 1 ? words.checked(said) : words.checks(said, made.length);
  return [said.passed ? '✓ ' : '✗ ', text];
}

/** A mark for checks {name, error, tolerance, how, passed}; `show(checks, note)` redraws it. */
export function checkMark() {
  const summary = h('summary');
  const body = h('dl', { class: 'check-body' });
  const element = h('details', { class: 'check', hidden: true }, summary, body);

  return {
    element,
    show(checks, note = '') {
      const known = checks.filter(Boolean);
      const made = known.filter(isMade);
      element.hidden = known.length === 0;
      element.classList.toggle('none', !made.length);
      element.classList.toggle(
        'failed',
        made.some((check) => !check.passed),
      );
      if (known.length) fill(summary, summed(made));
      fill(
        body,
        known.map((check) => [
          h('dt', {}, isMade(check) ? words.check(check) : words.without(check)),
          h('dd', { class: 'dim' }, check.how),
        ]),
        note && h('dd', { class: 'dim' }, note),
      );
    },
  };
}
