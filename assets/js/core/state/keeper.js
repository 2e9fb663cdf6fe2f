// Keeps each run of a prompt as a branch of its tree: when it has ended, and when another takes its place. The trees of
// other prompts are kept too, through a reload of this tab.

import { branchOf, rootOf, withBranch } from '../../maths/branches.js';
import { recall, remember } from './memory.js';

const NAME = 'tbt-branches';
const MOST_TREES = 20;
// Of text, below what a browser keeps for a tab: the oldest trees go first.
const ROOM = 2_000_000;

/** Trees by their root, the newest last; `kept` says whether the tab remembers them. */
function createTrees(kept) {
  const trees = new Map(kept ? read() : []);

  function read() {
    try {
      return JSON.parse(recall(NAME, 'sessionStorage')) ?? [];
    } catch {
      return [];
    }
  }

  function save() {
    const fitting = [];
    let room = ROOM;
    for (const entry of [...trees].reverse()) {
      room -= JSON.stringify(entry).length;
      if (room < 0) break;
      fitting.unshift(entry);
    }
    remember(NAME, JSON.stringify(fitting), 'sessionStorage');
  }

  return {
    of: (root) => trees.get(root) ?? [],
    /** @param {Page.Branch[]} list */
    put(root, list) {
      if (trees.get(root) === list) return;
      trees.delete(root);
      trees.set(root, list);
      if (trees.size > MOST_TREES) trees.delete(trees.keys().next().value);
      if (kept) save();
    },
  };
}

/**
 * Keeps `store.branches`, the tree of the prompt that is shown. With `kept` the tab remembers it.
 * @param {Page.Store} store
 * @param {boolean} kept
 */
export function keepBranches(store, kept) {
  const trees = createTrees(kept);
  /** @type {Payload.RunAnswer} */
  let shown = null;

  /** @param {Payload.RunAnswer} run */
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
      if (shown && run.key !== shown.key) keep(shown);
      const root = rootOf(run.recipe);
      if (root !== store.state.branches.root) store.set({ branches: { root, list: trees.of(root) } });
      shown = run;
    }
    if (changed.has('status') && status.phase === 'idle') keep(run);
  });
}
