// The page as one file: modules, style sheets and answers, compressed, in a shell that unpacks and starts them.

import { base64 } from '../core/server/replay.js';
import { recorded } from '../parts/words/export.js';
import { shared } from '../parts/words/shared.js';
import { boot } from './boot.js';

/** Text through gzip. */
export const compressed = (text) =>
  new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))).blob();

const textOf = async (url) => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(shared.noFile(url.split('/').pop()));
  return response.text();
};

/** `../../maths/format.js` as seen from `stages/decode/decode.js`: `maths/format.js`. */
function resolved(from, path) {
  const parts = from.split('/').slice(0, -1);
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** Every import by the module's own name, which an import map turns into an address made when the file opens. */
const named = (source, from) =>
  source.replace(/(\bfrom |\bimport )'(\.[^']+)'/g, (_, word, path) => `${word}'walk/${resolved(from, path)}'`);

/** All modules of the page: {path: source}. */
export async function readModules(base, paths) {
  const sources = await Promise.all(paths.map((path) => textOf(base + path)));
  return Object.fromEntries(paths.map((path, i) => [path, named(sources[i], path)]));
}

export const readSheets = async (urls) => (await Promise.all(urls.map(textOf))).join('\n');

const escaped = (words) => words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** What Gradio's own sheet gives the live page, and the file has to bring along. */
const RESET = `body { margin: 0; } #tbt table { border-collapse: collapse; border-spacing: 0; } #tbt th { font-weight: inherit; text-align: inherit; }
#tbt img, #tbt svg, #tbt canvas { display: block; vertical-align: middle; } #tbt ol, #tbt ul { list-style: none; } #tbt button { background-image: none; }`;

/** The file. All that came from a prompt, a token or a model is inside the compressed part, as data; the title is escaped. */
export async function packed({ title, modules, css, walk }) {
  const nonce = Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16)).join('');
  const policy = `default-src 'none'; script-src 'nonce-${nonce}' blob:; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'`;
  const data = base64(
    new Uint8Array(await (await compressed(JSON.stringify({ modules, css: `${RESET}\n${css}`, walk }))).arrayBuffer()),
  );
  return new Blob(
    [
      `<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="${policy}">\n`,
      `<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>${escaped(title)}</title>\n</head>\n<body>\n`,
      `<div class="tbt" id="tbt"><noscript>${recorded.noScript}</noscript></div>\n`,
      `<script type="application/gzip" id="walk">${data}</script>\n<script nonce="${nonce}">(${boot})('${nonce}', ${JSON.stringify(recorded.broken)});</script>\n</body>\n</html>\n`,
    ],
    { type: 'text/html' },
  );
}
