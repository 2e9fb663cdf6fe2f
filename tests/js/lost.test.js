import assert from 'node:assert/strict';
import { test } from 'node:test';

import { lost } from '../../assets/js/parts/words/lost.js';

const said = (how, more = {}) => lost[how]({ how, what: 'system', n: 30, start: 'Answer', ...more });

test('each way in which text is lost names the text, its length, and what did it', () => {
  assert.equal(
    said('dropped'),
    'The system text (30 characters, “Answer…”) is not in what the model sees: this model’s chat template leaves it out.',
  );
  assert.match(said('changed'), /as typed: this model’s chat template changes it\.$/);
  assert.match(said('trimmed', { n: 1 }), /^The system text loses 1 white-space character at its ends/);
  assert.match(
    said('unused', { what: 'prompt', n: 6 }),
    /^The prompt \(6 characters, “Answer”\) .* the chat template is off\.$/,
  );
  assert.match(
    said('unknown', { n: 2, start: '<unk>' }),
    /^2 tokens of the text are <unk>: the vocabulary has no entry/,
  );
});
