// Keeps each finished run of a prompt as a branch of its tree.

import { branchOf, rootOf, withBranch } from '../core/branches.js';

export function keepBranches(store) {
  store.subscribe(({ run, status, branches }, changed) => {
    if (!changed.has('status') || status.phase !== 'idle' || !run?.steps.length) return;
    const root = rootOf(run.recipe);
    const kept = branches.root === root ? branches.list : [];
    store.set({ branches: { root, list: withBranch(kept, branchOf(run)) } });
  });
}
