// What is checked in the page's scripts, and which folder may import from which.

import { readdirSync } from 'node:fs';

import js from '@eslint/js';
import globals from 'globals';

const ROOT = 'assets/js';
/** Each folder imports only from itself and from those before it. A stage knows no other stage. */
const ORDER = ['maths', 'core', 'charts', 'parts', 'stages', 'export'];
const STAGES = readdirSync(`${ROOT}/stages`);

/** Names that a browser gives to everything: a variable that was forgotten would be one of these. */
const CONFUSING = [
  'close',
  'closed',
  'event',
  'find',
  'focus',
  'length',
  'name',
  'open',
  'origin',
  'parent',
  'print',
].concat(['scroll', 'self', 'status', 'stop', 'top']);

/** Files that may not import from these folders, however far up the path to them begins. */
const forbid = (files, folders, message) => ({
  files: [`${ROOT}/${files}/**`],
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: [{ regex: `^(\\.\\./)+(${folders.join('|')})(/|\\.js$)`, message }] },
    ],
  },
});

const later = (folder) => [...ORDER.slice(ORDER.indexOf(folder) + 1), 'main'];
const order = (folder) =>
  `A backward import: ${folder} may import only from ${ORDER.slice(0, ORDER.indexOf(folder) + 1).join(', ')}.`;

export default [
  { ignores: ['assets/vendor/', '.venv/'] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-restricted-globals': ['error', ...CONFUSING],
      'no-shadow': ['error', { hoist: 'all' }],
      'no-unused-vars': ['error', { ignoreRestSiblings: true }],
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  { files: [`${ROOT}/**`], languageOptions: { globals: globals.browser } },
  // Without a DOM, so that Node can test it.
  {
    files: [`${ROOT}/maths/**`],
    languageOptions: { globals: { ...off(globals.browser), ...globals['shared-node-browser'] } },
  },
  { files: ['*.js', 'tests/js/**'], languageOptions: { globals: globals.node } },
  ...ORDER.filter((folder) => folder !== 'stages').map((folder) => forbid(folder, later(folder), order(folder))),
  ...STAGES.map((stage) =>
    forbid(
      `stages/${stage}`,
      [...later('stages'), ...STAGES.filter((other) => other !== stage)],
      `${stage} imports from another stage or from what comes after the stages; what stages share belongs in parts.`,
    ),
  ),
];

function off(names) {
  return Object.fromEntries(Object.keys(names).map((name) => [name, 'off']));
}
