// What this browser stores for the page. A page in another site's frame may have no storage: it then starts afresh.

/** @typedef {'localStorage' | 'sessionStorage'} Where the latter is of this tab alone */

/**
 * The text stored under a name, or null.
 * @param {string} name
 * @param {Where} [where]
 */
export function recall(name, where = 'localStorage') {
  try {
    return window[where].getItem(name);
  } catch {
    return null;
  }
}

/**
 * Stores a text under a name. Where the browser forbids it, all works until the page is left.
 * @param {string} name
 * @param {string} text
 * @param {Where} [where]
 */
export function remember(name, text, where = 'localStorage') {
  try {
    window[where].setItem(name, text);
  } catch {
    // Forbidden, or full.
  }
}
