// The text at the foot of a panel.

export const depths = {
  how: 'How it is computed',
  code: 'The code',
  /** @param {string} file @param {number} first */
  at: (file, first) => `${file}, line ${first}`,
  waiting: 'Reading the code …',
  none: 'There is nothing to compute here yet, or no formula that fits this model.',
};
