// Keeps each run of a prompt as a branch of its tree: when it has ended, and when another takes its place.

import { branchOf, rootOf, withBranch } from '../core/branches.js';

export function keepBranches(store) {
  let shown = null;

  function keep(run) {
    if (!run?.steps.length) return;
    const root = rootOf(run.recipe);
    const { branches } = store.state;
    const kept = branches.root === root ? branches.list : [];
    store.set({ branches: { root, list: withBranch(kept, branchOf(run)) } });
  }

  store.subscribe(({ run, status }, changed) => {
    if (changed.has('run') && shown && run.key !== shown.key && rootOf(run.recipe) === rootOf(shown.recipe)) keep(shown);
    if (changed.has('status') && status.phase === 'idle') keep(run);
    shown = run;
  });
}
