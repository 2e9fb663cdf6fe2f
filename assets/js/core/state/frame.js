// Inside a page of somebody else's, as on Hugging Face Spaces: the frame is as tall as what of it is in sight, and the
// address above the frame is kept in step with ours.

const HOST = 'https://huggingface.co';
const READY = 'gradio:iframe-resizer-ready';

/**
 * A frame that grows with its content has no window: nothing sticks, and what lies over the page lies out of sight.
 * Gradio keeps the frame to what is in sight where the document asks for it by this name; we scroll inside.
 */
export function fitFrame() {
  const fit = () => document.documentElement.toggleAttribute('data-gradio-cover', true);
  if (window.parentIFrame) fit();
  else window.addEventListener(READY, fit, { once: true });
}

/** Tells a Space's own page our address, so that its reload and its address bring back what is shown. */
export function tellHost(address) {
  if (window.parent === window || !location.hostname.endsWith('.hf.space')) return;
  const { searchParams: told, hash } = new URL(address, location.href);
  // What the host gave the frame for itself, such as the key of a private Space, stays out of its address.
  for (const name of [...told.keys()]) if (name.startsWith('__')) told.delete(name);
  window.parent.postMessage({ queryString: told.toString(), hash }, HOST);
}
