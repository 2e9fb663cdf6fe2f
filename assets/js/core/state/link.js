// The address bar holds the recipe and where one looks: a reload or a pasted link brings exactly this back.

import { hasAny } from './store.js';
import { MODEL } from '../../maths/models.js';
import { DEFAULTS } from '../../maths/sampling.js';
import { AROUND, STAGES } from '../../maths/stops.js';
import { tellHost } from './frame.js';

// A server takes a request line of so many bytes. What is longer stands behind the #, which no server is sent.
const LONGEST_IN_QUERY = 6000;

/**
 * The address of a recipe and a place, from its ? on; what is as usual is left out.
 * @param {Page.Place & { recipe: Page.Recipe }} shown
 * @param {string} [base]
 */
export function write({ recipe, stage, step, selection }, base) {
  const query = new URLSearchParams(base);
  for (const name of [...query.keys()]) if (!name.startsWith('__')) query.delete(name);
  const prompt = new URLSearchParams({ p: recipe.prompt }).toString();
  const long = prompt.length > LONGEST_IN_QUERY;
  if (!long) query.set('p', recipe.prompt);
  if (recipe.chat) query.set('chat', '1');
  if (recipe.system) query.set('system', recipe.system);
  query.set('n', String(recipe.max_new_tokens));
  for (const [name, usual] of Object.entries(DEFAULTS)) {
    const value = recipe.sampling[name];
    if (value !== usual) query.set(name, value === true ? '1' : value);
  }
  if (recipe.forced.length) query.set('forced', recipe.forced.map((pair) => pair.join('.')).join('_'));
  for (const text of recipe.stop) query.append('stop', text);
  for (const name of Object.keys(MODEL)) if (recipe[name]) query.set(name, recipe[name]);
  query.set('at', [stage, step, selection.position, selection.layer, selection.head].join('.'));
  return `?${query}${long ? `#${prompt}` : ''}`;
}

/** A number, or the text as it is where it is none: who refuses it then names what was written. */
const number = (text) => (text.trim() && Number.isFinite(Number(text)) ? Number(text) : text);

const whole = (text) => (/^\d+$/.test(text ?? '') ? Number(text) : null);

/**
 * What an address asks for: {recipe, place}, either null when it says nothing of it.
 * @param {{ search: string, hash: string }} address
 * @returns {Page.Asked}
 */
export function read({ search, hash }) {
  const query = new URLSearchParams(search);
  const place = placeOf(query.get('at'));
  const prompt = query.get('p') ?? new URLSearchParams(hash.slice(1)).get('p');
  if (prompt === null) return { recipe: null, place };
  /** @type {Record<string, unknown>} */
  const sampling = {};
  for (const [name, usual] of Object.entries(DEFAULTS)) {
    if (!query.has(name)) continue;
    sampling[name] = typeof usual === 'boolean' ? query.get(name) === '1' : number(query.get(name));
  }
  const forced = (query.get('forced') ?? '')
    .split('_')
    .filter(Boolean)
    .map((pair) => pair.split('.').map(number));
  /** @type {Record<string, unknown>} */
  const recipe = {
    prompt,
    chat: query.get('chat') === '1',
    system: query.get('system') ?? '',
    sampling,
    forced,
    stop: query.getAll('stop'),
    ...Object.fromEntries(Object.keys(MODEL).map((name) => [name, query.get(name) ?? ''])),
    ...(whole(query.get('n')) && { max_new_tokens: whole(query.get('n')) }),
  };
  return { recipe, place };
}

/**
 * @param {string | null} text
 * @returns {Page.Place | null}
 */
function placeOf(text) {
  const [stage, ...numbers] = (text ?? '').split('.');
  const places = numbers.map(whole);
  if (![...STAGES, ...AROUND].includes(stage) || places.length !== 4 || places.includes(null)) return null;
  const [step, position, layer, head] = places;
  return { stage, step, selection: { position, layer, head } };
}

/**
 * Keeps the address in step with the store. A new recipe is a new entry of the history, a look is not.
 * @param {Page.Store} store
 * @param {{ onback: (asked: Page.Asked) => void }} hooks
 */
export function keepLink(store, { onback }) {
  let key = null;
  let timer = null;

  function put() {
    const { run, stage, step, selection } = store.state;
    const address = write({ recipe: run.recipe, stage, step, selection }, location.search);
    const recipeKey = JSON.stringify(run.recipe);
    tellHost(address);
    if (address === location.search + location.hash) return;
    history[key && key !== recipeKey ? 'pushState' : 'replaceState'](null, '', address);
    key = recipeKey;
  }

  store.subscribe(({ run, status }, changed) => {
    if (!run || status.phase === 'running') return;
    if (!hasAny(changed, ['run', 'stage', 'step', 'selection', 'status'])) return;
    clearTimeout(timer);
    timer = setTimeout(put, 150);
  });
  window.addEventListener('popstate', () => {
    clearTimeout(timer);
    const asked = read(location);
    if (!asked.recipe) return;
    key = null;
    onback(asked);
  });
}
