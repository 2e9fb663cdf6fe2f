// The page as one file: modules, style sheets and answers, compressed, in an HTML page that unpacks and starts them.

import { base64 } from '../core/server/replay.js';
import { recorded } from '../parts/words/export.js';
import { shared } from '../parts/words/shared.js';
import { boot } from './boot.js';

/**
 * A text, compressed with gzip.
 * @param {string} text
 */
export const compress = (text) =>
  new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))).blob();

const textOf = async (/** @type {string} */ url) => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(shared.noFile(url.split('/').pop()));
  return response.text();
};

/**
 * The path of an imported module: `../../maths/format.js` in `stages/decode/decode.js` is `maths/format.js`.
 * @param {string} from
 * @param {string} path
 */
function resolve(from, path) {
  const parts = from.split('/').slice(0, -1);
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/**
 * A module's source with each import by the module's name. An import map gives the names addresses when the file opens.
 * @param {string} source
 * @param {string} from
 */
const renameImports = (source, from) =>
  source.replace(/(\bfrom |\bimport )'(\.[^']+)'/g, (_, word, path) => `${word}'walk/${resolve(from, path)}'`);

/**
 * The sources of all modules of the page, by path.
 * @param {string} base
 * @param {string[]} paths
 */
export async function readModules(base, paths) {
  const sources = await Promise.all(paths.map((path) => textOf(base + path)));
  return Object.fromEntries(paths.map((path, i) => [path, renameImports(sources[i], path)]));
}

export const readSheets = async (/** @type {string[]} */ urls) => (await Promise.all(urls.map(textOf))).join('\n');

const escapeHtml = (/** @type {string} */ words) =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The rules of Gradio's style sheet that the live page relies on. */
const RESET = `body { margin: 0; } #tbt table { border-collapse: collapse; border-spacing: 0; } #tbt th { font-weight: inherit; text-align: inherit; }
#tbt img, #tbt svg, #tbt canvas { display: block; vertical-align: middle; } #tbt ol, #tbt ul { list-style: none; } #tbt button { background-image: none; }`;

/**
 * The file. Text from prompts, tokens and models is data inside the compressed part; the title is escaped.
 * @param {Page.WalkFile & { title: string }} parts
 */
export async function packWalk({ title, modules, css, walk }) {
  const nonce = Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16)).join('');
  const policy = `default-src 'none'; script-src 'nonce-${nonce}' blob:; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'`;
  const data = base64(
    new Uint8Array(await (await compress(JSON.stringify({ modules, css: `${RESET}\n${css}`, walk }))).arrayBuffer()),
  );
  return new Blob(
    [
      `<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="${policy}">\n`,
      `<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>${escapeHtml(title)}</title>\n</head>\n<body>\n`,
      `<div class="tbt" id="tbt"><noscript>${recorded.noScript}</noscript></div>\n`,
      `<script type="application/gzip" id="walk">${data}</script>\n<script nonce="${nonce}">(${boot})('${nonce}', ${JSON.stringify(recorded.broken)});</script>\n</body>\n</html>\n`,
    ],
    { type: 'text/html' },
  );
}
