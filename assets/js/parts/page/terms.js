// What a term of the glossary means, beside the term: by pointing at it, by a tap, or when it has the focus.

import { fill, h } from '../../core/elements/dom.js';
import { zoomOf } from '../../core/elements/pixels.js';
import { termOf } from '../../core/elements/terms.js';

const WAIT_MS = 120;
const GAP = 6;
const EDGE = 8;

export function mountTerms(root) {
  const said = h('div', { class: 'term-said', id: 'term-said', role: 'tooltip', popover: 'manual' });
  root.append(said);
  let shown = null;
  let timer = null;

  function place(term) {
    const zoom = zoomOf(said);
    const at = [...term.getClientRects()].at(0);
    const { offsetWidth: width, offsetHeight: height } = said;
    const [left, below, above] = [at.left / zoom, at.bottom / zoom + GAP, at.top / zoom - GAP - height];
    const [wide, tall] = [document.documentElement.clientWidth / zoom, window.innerHeight / zoom];
    said.style.left = `${Math.max(EDGE, Math.min(left, wide - width - EDGE))}px`;
    said.style.top = `${below + height > tall && above > 0 ? above : below}px`;
  }

  function show(element) {
    clearTimeout(timer);
    if (element === shown) return;
    shown = element;
    const { name, text } = termOf(element.textContent);
    fill(said, h('strong', {}, name), ` ${text}`);
    said.showPopover();
    place(element);
  }

  function hide() {
    clearTimeout(timer);
    shown = null;
    said.hidePopover();
  }

  /** What is pointed at may be left for the explanation itself. */
  function over({ target, pointerType }) {
    if (pointerType === 'touch') return;
    const term = target.closest('.term');
    clearTimeout(timer);
    if (term) timer = setTimeout(() => show(term), WAIT_MS);
    else if (shown && !said.contains(target) && shown !== document.activeElement) timer = setTimeout(hide, WAIT_MS);
  }

  function onkeydown(event) {
    if (event.key === 'Escape' && shown) hide();
    else if (['Enter', ' '].includes(event.key) && event.target.matches?.('.term')) show(event.target);
    else return;
    event.preventDefault();
  }

  document.addEventListener('pointerover', over);
  root.addEventListener('focusin', ({ target }) =>
    /** @type {Element} */ (target).matches('.term') ? show(target) : hide(),
  );
  root.addEventListener('focusout', ({ target }) => target === shown && hide());
  root.addEventListener('keydown', onkeydown);
  document.addEventListener('click', ({ target }) => {
    const term = /** @type {Element} */ (target).closest('.term');
    if (term) show(term);
    else hide();
  });
  // What moves away from its explanation loses it.
  document.addEventListener('scroll', ({ target }) => shown && /** @type {Node} */ (target).contains(shown) && hide(), {
    capture: true,
    passive: true,
  });
}
