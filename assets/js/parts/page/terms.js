// The meaning of a glossary term, shown beside the term when it is hovered over, tapped or focused.

import { fill, h } from '../../core/elements/dom.js';
import { zoomOf } from '../../core/elements/pixels.js';
import { termOf } from '../../core/elements/terms.js';

const WAIT_MS = 120;
const GAP = 6;
const EDGE = 8;

/** @param {HTMLElement} root */
export function mountTerms(root) {
  const tooltip = h('div', { class: 'term-said', id: 'term-said', role: 'tooltip', popover: 'manual' });
  root.append(tooltip);
  /** @type {Element} */
  let openTerm = null;
  /** @type {ReturnType<typeof setTimeout>} */
  let timer = null;

  /** @param {Element} term */
  function place(term) {
    const zoom = zoomOf(tooltip);
    const at = [...term.getClientRects()].at(0);
    const { offsetWidth: width, offsetHeight: height } = tooltip;
    const [left, below, above] = [at.left / zoom, at.bottom / zoom + GAP, at.top / zoom - GAP - height];
    const [wide, tall] = [document.documentElement.clientWidth / zoom, window.innerHeight / zoom];
    tooltip.style.left = `${Math.max(EDGE, Math.min(left, wide - width - EDGE))}px`;
    tooltip.style.top = `${below + height > tall && above > 0 ? above : below}px`;
  }

  /** @param {Element} element */
  function show(element) {
    clearTimeout(timer);
    if (element === openTerm) return;
    openTerm = element;
    const { name, text } = termOf(element.textContent);
    fill(tooltip, h('strong', {}, name), ` ${text}`);
    tooltip.showPopover();
    place(element);
  }

  function hide() {
    clearTimeout(timer);
    openTerm = null;
    tooltip.hidePopover();
  }

  /**
   * The pointer may move from the term onto the tooltip.
   * @param {PointerEvent} event
   */
  function over(event) {
    if (event.pointerType === 'touch') return;
    const target = /** @type {Element} */ (event.target);
    const term = target.closest('.term');
    clearTimeout(timer);
    if (term) timer = setTimeout(() => show(term), WAIT_MS);
    else if (openTerm && !tooltip.contains(target) && openTerm !== document.activeElement)
      timer = setTimeout(hide, WAIT_MS);
  }

  /** @param {KeyboardEvent} event */
  function onkeydown(event) {
    const target = /** @type {Element} */ (event.target);
    if (event.key === 'Escape' && openTerm) hide();
    else if (['Enter', ' '].includes(event.key) && target.matches?.('.term')) show(target);
    else return;
    event.preventDefault();
  }

  document.addEventListener('pointerover', over);
  root.addEventListener('focusin', (event) => {
    const target = /** @type {Element} */ (event.target);
    if (target.matches('.term')) show(target);
    else hide();
  });
  root.addEventListener('focusout', ({ target }) => target === openTerm && hide());
  root.addEventListener('keydown', onkeydown);
  document.addEventListener('click', ({ target }) => {
    const term = /** @type {Element} */ (target).closest('.term');
    if (term) show(term);
    else hide();
  });
  // A term that scrolls away from its tooltip closes it.
  document.addEventListener(
    'scroll',
    ({ target }) => openTerm && /** @type {Node} */ (target).contains(openTerm) && hide(),
    {
      capture: true,
      passive: true,
    },
  );
}
