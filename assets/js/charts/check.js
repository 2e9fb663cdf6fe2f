// Self-checks as a small mark that opens into their numbers.

import { fill, h } from '../core/elements/dom.js';
import { check as words } from './words/check.js';

/** @param {Page.Check} check */
const isMade = (check) => check.made !== false;

/**
 * The text of the mark: the first check that failed or else the first one, or that there was nothing to check.
 * @param {Page.Check[]} made
 */
function summaryOf(made) {
  if (!made.length) return words.notMade;
  const worst = made.find((check) => !check.passed) ?? made[0];
  const text = made.length === 1 ? words.checked(worst) : words.checks(worst, made.length);
  return [worst.passed ? '✓ ' : '✗ ', text];
}

/**
 * A mark, which is hidden while there are no checks. What it `covers` is off while one of them has failed.
 * @param {HTMLElement[]} covers
 */
export function checkMark(...covers) {
  const summary = h('summary');
  const body = h('dl', { class: 'check-body' });
  const element = h('details', { class: 'check', hidden: true }, summary, body);

  return {
    element,
    /** @param {(Page.Check | null)[]} checks */
    show(checks, note = '') {
      const present = checks.filter(Boolean);
      const made = present.filter(isMade);
      element.hidden = present.length === 0;
      element.classList.toggle('none', !made.length);
      const failed = made.some((check) => !check.passed);
      element.classList.toggle('failed', failed);
      covers.forEach((part) => part.classList.toggle('off-by-check', failed));
      if (present.length) fill(summary, summaryOf(made), failed && covers.length > 0 && words.off);
      fill(
        body,
        present.map((check) => [
          h('dt', {}, isMade(check) ? words.check(check) : words.without(check)),
          h('dd', { class: 'dim' }, check.how),
        ]),
        note && h('dd', { class: 'dim' }, note),
      );
    },
  };
}
