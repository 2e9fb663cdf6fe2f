// Drives the page's link module: questions as JSON on stdin, answers on stdout.

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [link, recipe] = await Promise.all(process.argv.slice(2).map((path) => import(pathToFileURL(path))));
const { states, addresses } = JSON.parse(readFileSync(0, 'utf8'));

/** What the page makes of an address; a recipe with the parts that the address leaves out. */
function openAddress(address) {
  const { search, hash } = new URL(address, 'http://page/');
  const found = link.read({ search, hash });
  return { ...found, completed: found.recipe && recipe.complete(found.recipe) };
}

const written = states.map(({ state, base }) => {
  const address = link.write({ ...state, recipe: recipe.complete(state.recipe) }, base);
  return { address, opened: openAddress(address) };
});
process.stdout.write(JSON.stringify({ written, opened: addresses.map(openAddress) }));
