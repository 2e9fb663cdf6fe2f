// The page's nonce: inline scripts run with it alone, in frames that the page makes as well.

/** The nonce of this page's own scripts; empty where the page has none. */
export const pageNonce = () => {
  /** @type {HTMLElement | null} */
  const own = document.querySelector('script[nonce]');
  return own?.nonce ?? '';
};
