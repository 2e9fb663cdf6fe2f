// What this browser keeps for the page. It may forbid a page in somebody else's frame to keep anything: then it begins as new.

/** What was kept under a name, or null; `where` is 'localStorage', or 'sessionStorage' for this tab alone. */
export function recall(name, where = 'localStorage') {
  try {
    return window[where].getItem(name);
  } catch {
    return null;
  }
}

/** Keeps a text under a name, where the browser lets it; without, all works until the page is left. */
export function remember(name, text, where = 'localStorage') {
  try {
    window[where].setItem(name, text);
  } catch {
    // Forbidden, or full.
  }
}
