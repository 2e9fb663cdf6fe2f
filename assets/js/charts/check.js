// A self-check as a small mark that opens into its numbers.

import { fill, h } from '../core/dom.js';
import { shared } from '../words/shared.js';

const summed = (known) => {
  const said = known.find((check) => !check.passed) ?? known[0];
  return known.length === 1 ? shared.checked(said) : shared.checks(said, known.length);
};

/** A mark for checks {name, error, tolerance, how, passed}; `show(checks, note)` redraws it. */
export function checkMark() {
  const summary = h('summary');
  const body = h('dl', { class: 'check-body' });
  const element = h('details', { class: 'check', hidden: true }, summary, body);

  return {
    element,
    show(checks, note = '') {
      const known = checks.filter(Boolean);
      const good = known.every((check) => check.passed);
      element.hidden = known.length === 0;
      element.classList.toggle('failed', !good);
      if (known.length) fill(summary, good ? '✓ ' : '✗ ', summed(known));
      fill(
        body,
        known.map((check) => [
          h('dt', {}, shared.check(check)),
          h('dd', { class: 'dim' }, check.how),
        ]),
        note && h('dd', { class: 'dim' }, note),
      );
    },
  };
}
