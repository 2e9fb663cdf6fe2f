// The help overlay: how to use the page, its keys, and all terms. Also the keys that work everywhere.

import { h } from '../../core/elements/dom.js';
import { switchProjector } from '../../core/elements/theme.js';
import { glossary } from '../../core/words/glossary.js';
import { help as words } from '../words/help.js';

const key = (/** @type {string} */ name) => h('kbd', {}, name);

const keysTable = () =>
  h(
    'table',
    { class: 'help-keys' },
    h(
      'thead',
      { class: 'visually-hidden' },
      h(
        'tr',
        {},
        words.keyColumns.map((name) => h('th', { scope: 'col' }, name)),
      ),
    ),
    h(
      'tbody',
      {},
      words.list.map(([names, what]) => h('tr', {}, h('th', { scope: 'row' }, names.map(key)), h('td', {}, what))),
    ),
  );

const body = (/** @type {HTMLElement} */ close) =>
  h(
    'div',
    { class: 'help-body' },
    h('div', { class: 'card-head' }, h('h2', { class: 'plain', id: 'help-title' }, words.title), close),
    h(
      'div',
      { class: 'help-columns' },
      h(
        'ul',
        {},
        words.intro.map((line) => h('li', {}, line)),
      ),
      h('div', {}, h('h3', { class: 'plain' }, words.keys), keysTable()),
    ),
    h('h3', { class: 'plain' }, words.terms),
    h(
      'ul',
      { class: 'help-terms' },
      glossary.map(({ name, text }) => h('li', {}, h('strong', {}, name), ` ${text}`)),
    ),
  );

/**
 * The overlay in `root`. The browser keeps the focus inside, and restores it when the overlay closes.
 * @param {HTMLElement} root
 */
export function mountHelp(root) {
  // A click beside the box is a click on the dialog itself.
  const overlay = h('dialog', {
    class: 'help',
    'aria-labelledby': 'help-title',
    onclick: (event) => event.target === overlay && overlay.close(),
  });
  root.append(overlay);

  function open() {
    if (overlay.open) return;
    // Built when it is first opened: most visitors never open it.
    if (!overlay.children.length)
      overlay.append(body(h('button', { type: 'button', onclick: () => overlay.close() }, words.close)));
    overlay.showModal();
  }

  document.addEventListener('keydown', (event) => {
    if (document.querySelector('#tbt dialog[open]:not(.help)')) return;
    if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
    if (
      /** @type {Element} */ (event.target).closest?.(
        'input:not([type=range], [type=checkbox], [type=radio]), textarea, select',
      )
    )
      return;
    if (event.key === '?') open();
    else if (event.key.toLowerCase() === 'p') switchProjector();
    else return;
    event.preventDefault();
  });
  return { open };
}
