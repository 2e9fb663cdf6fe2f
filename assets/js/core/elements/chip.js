// How a token looks, everywhere on the page.

import { label } from '../../maths/tokens.js';
import { messages } from '../words/messages.js';
import { h } from './dom.js';

/**
 * How a screen reader names a token.
 * @param {Page.Token & Pick<Page.RunToken, 'position'>} token
 */
export const spokenName = (token) => messages.spokenName(token.position, label(token, 40), token.id);

/**
 * A token as an element.
 * @param {Page.Token} token
 * @param {Page.Props & { tag?: string, limit?: number }} [props]
 * @returns {HTMLElement}
 */
export function chip(token, { tag = 'span', limit = 18, ...props } = {}) {
  const kinds = ['chip', token.special && 'special', token.partial && 'partial', props.class];
  return h(tag, { dir: 'auto', ...props, class: kinds.filter(Boolean).join(' ') }, label(token, limit));
}
