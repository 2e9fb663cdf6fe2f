// Where a sentence of the page uses a term of the glossary.

import { glossary } from '../words/glossary.js';

const escapePattern = (/** @type {string} */ text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
const isPlain = (/** @type {string} */ form) => form === form.toLowerCase();

// A word may begin a sentence with a capital letter; an abbreviation is always written the same way.
const either = (/** @type {string} */ form) =>
  isPlain(form) ? `[${form[0]}${form[0].toUpperCase()}]${escapePattern(form.slice(1))}` : escapePattern(form);
const BY_FORM = new Map(glossary.flatMap((term) => term.forms.map((form) => [form.toLowerCase(), term])));
// The longest form first: "logit lens" is not the term "logit".
const FORMS = glossary.flatMap((term) => term.forms).sort((a, b) => b.length - a.length);
// Text in quotation marks is a token or a text of the run: it is skipped.
const FOUND = new RegExp(`“[^”]*”|(?<![\\p{L}\\p{N}_-])(${FORMS.map(either).join('|')})(?![\\p{L}\\p{N}_-])`, 'gu');

/**
 * The term that has this form.
 * @param {string} form
 */
export const termOf = (form) => BY_FORM.get(form.toLowerCase());

/**
 * A sentence as a list of plain texts and terms. A term in `seen` stays plain text; each new term is added to `seen`.
 * @param {string} sentence
 * @param {Set<Page.Term>} [seen]
 */
export function split(sentence, seen = new Set()) {
  /** @type {(string | { term: Page.Term, text: string })[]} */
  const parts = [];
  let upto = 0;
  for (const { 0: all, 1: form, index } of sentence.matchAll(FOUND)) {
    const term = form && termOf(form);
    if (!term || seen.has(term)) continue;
    seen.add(term);
    if (index > upto) parts.push(sentence.slice(upto, index));
    parts.push({ term, text: all });
    upto = index + all.length;
  }
  if (upto < sentence.length) parts.push(sentence.slice(upto));
  return parts;
}
