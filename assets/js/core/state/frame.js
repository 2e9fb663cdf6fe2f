// The page in a frame of another site, as on Hugging Face Spaces: the frame is as tall as its visible part, and the
// address of the outer page is kept in step with ours.

const HOST = 'https://huggingface.co';
const READY = 'gradio:iframe-resizer-ready';

/**
 * In a frame that grows with its content nothing can stick, and overlays may lie out of sight. Gradio limits the frame
 * to its visible part where the document has this attribute; we scroll inside.
 */
export function fitFrame() {
  const fit = () => document.documentElement.toggleAttribute('data-gradio-cover', true);
  if (window.parentIFrame) fit();
  else window.addEventListener(READY, fit, { once: true });
}

/**
 * Sends our address to the page of the Space, so that a reload or a copied address brings back the same view.
 * @param {string} address
 */
export function tellHost(address) {
  if (window.parent === window || !location.hostname.endsWith('.hf.space')) return;
  const { searchParams: query, hash } = new URL(address, location.href);
  // Parameters that the host gave the frame, such as the key of a private Space, stay out of the outer address.
  for (const name of [...query.keys()]) if (name.startsWith('__')) query.delete(name);
  window.parent.postMessage({ queryString: query.toString(), hash }, HOST);
}
