// The words of what stands around the walk: each panel's title, and what it shows in a sentence.

import { count } from '../core/format.js';

export const around = {
  title: 'Around it',
  branches: {
    title: 'Branches',
    sentence: ({ branches }) =>
      `Every run of this prompt is a branch: ${count(branches.list.length, 'branch').replace('branchs', 'branches')} so far. They share a beginning, and the KV cache of it.`,
  },
};
