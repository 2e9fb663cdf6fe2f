// Light and dark follow Gradio's own switch (a class on the body); canvases must be drawn again.

const NAME = 'tbt-theme';

function isDark() {
  return document.body.classList.contains('dark');
}

/** Keeps `store.theme` ('light' or 'dark') in step with the page. */
export function watchTheme(store) {
  const asked = new URLSearchParams(location.search).get('__theme');
  const kept = localStorage.getItem(NAME);
  if (kept && !asked) document.body.classList.toggle('dark', kept === 'dark');
  const tell = () => store.set({ theme: isDark() ? 'dark' : 'light' });
  new MutationObserver(tell).observe(document.body, { attributes: true, attributeFilter: ['class'] });
  tell();
}

/** Switches between light and dark, and remembers it in this browser. */
export function switchTheme() {
  document.body.classList.toggle('dark');
  localStorage.setItem(NAME, isDark() ? 'dark' : 'light');
}
