// A token as text: what can be shown of it, and where it stands in a run.

/** @type {Record<string, string>} */
const SIGNS = { ' ': '·', '\n': '↵', '\t': '⇥', '\r': '␍', '\u00a0': '⍽' };

/**
 * A byte as two hexadecimal digits.
 * @param {number} byte
 */
export const hex = (byte) => byte.toString(16).toUpperCase().padStart(2, '0');

/**
 * Text with its white space and control characters made visible.
 * @param {string} text
 */
export function visible(text) {
  return (
    text
      .replace(/[ \n\t\r\u00a0]/g, (sign) => SIGNS[sign])
      // eslint-disable-next-line no-control-regex -- control characters are what it looks for
      .replace(/[\u0000-\u001f\u007f]/g, (c) => (c === '\u007f' ? '␡' : String.fromCharCode(0x2400 + c.charCodeAt(0))))
      .replace(
        /[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
        (c) => `⟨${c.codePointAt(0).toString(16).toUpperCase()}⟩`,
      )
  );
}

/**
 * A token's text as a label: bytes in hex when it is only part of a character, cut to `limit` characters.
 * @param {Pick<Page.Token, 'text' | 'partial' | 'bytes'>} token
 * @param {number} [limit]
 */
export function label(token, limit = 18) {
  if (token.partial) return token.bytes.map(hex).join(' ');
  const signs = [...visible(token.text)];
  return signs.length > limit ? `${signs.slice(0, limit - 1).join('')}…` : signs.join('') || '∅';
}

/**
 * Prompt and generated tokens as one list, by position.
 * @param {Page.Run | null} run
 * @returns {Payload.Token[]}
 */
export const sequence = (run) => (run?.tokens ? [...run.tokens, ...run.steps.map((step) => step.token)] : []);

/**
 * How many positions have been through the model: the last generated token has not been fed back yet.
 * @param {Page.Run} run
 */
export const nFed = (run) => run.tokens.length + Math.max(0, run.steps.length - 1);

/**
 * The selected position within the prompt: a generated token was never cut from text.
 * @param {Pick<Page.State, 'run' | 'selection'>} state
 */
export const promptPosition = ({ run, selection }) => Math.min(selection.position, run.tokens.length - 1);

/**
 * One of a step's candidates, as a token.
 * @param {Payload.StepCandidates} candidates
 * @param {number} place
 * @returns {Page.Token}
 */
export const candidate = (candidates, place) => ({
  id: candidates.token_ids[place],
  text: candidates.texts[place],
  partial: place in candidates.partial,
  bytes: candidates.partial[place] ?? [],
  special: candidates.special.includes(place),
});
