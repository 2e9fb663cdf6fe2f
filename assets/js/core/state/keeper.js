// Keeps each run of a prompt as a branch of the prompt's tree: when it has ended, and when another run replaces it. The
// trees of other prompts are kept too, even when this tab is reloaded.

import { branchOf, rootOf, withBranch } from '../../maths/branches.js';
import { recall, remember } from './memory.js';

const NAME = 'tbt-branches';
const MOST_TREES = 20;
// Characters, below the limit of a browser's session storage. The oldest trees are dropped first.
const ROOM = 2_000_000;

/**
 * Trees by their root, the newest last.
 * @param {boolean} isStored whether the tab stores them
 */
function createTrees(isStored) {
  const trees = new Map(isStored ? read() : []);

  /** @returns {[string, Page.Branch[]][]} */
  function read() {
    try {
      return JSON.parse(recall(NAME, 'sessionStorage')) ?? [];
    } catch {
      return [];
    }
  }

  function save() {
    const entries = [];
    let room = ROOM;
    for (const entry of [...trees].reverse()) {
      room -= JSON.stringify(entry).length;
      if (room < 0) break;
      entries.unshift(entry);
    }
    remember(NAME, JSON.stringify(entries), 'sessionStorage');
  }

  return {
    of: (/** @type {string} */ root) => trees.get(root) ?? [],
    /** @param {string} root @param {Page.Branch[]} list */
    put(root, list) {
      if (trees.get(root) === list) return;
      trees.delete(root);
      trees.set(root, list);
      if (trees.size > MOST_TREES) trees.delete(trees.keys().next().value);
      if (isStored) save();
    },
  };
}

/**
 * Keeps `store.branches`, the tree of the current prompt. `isStored` says whether the tab stores it.
 * @param {Page.Store} store
 * @param {boolean} kept
 */
export function keepBranches(store, kept) {
  const trees = createTrees(kept);
  /** @type {Page.Run} */
  let lastRun = null;

  /** @param {Page.Run} run */
  function keep(run) {
    if (!run?.steps.length) return;
    const root = rootOf(run.recipe);
    const list = withBranch(trees.of(root), branchOf(run));
    trees.put(root, list);
    if (root === store.state.branches.root) store.set({ branches: { root, list } });
  }

  store.subscribe(({ run, status, branches }, changed) => {
    if (changed.has('branches')) trees.put(branches.root, branches.list);
    if (changed.has('run')) {
      if (lastRun && run.key !== lastRun.key) keep(lastRun);
      const root = rootOf(run.recipe);
      if (root !== store.state.branches.root) store.set({ branches: { root, list: trees.of(root) } });
      lastRun = run;
    }
    if (changed.has('status') && status.phase === 'idle') keep(run);
  });
}
