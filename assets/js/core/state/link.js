// The address bar holds the recipe and the place in its walk: a reload or a pasted link brings exactly this back.

import { hasAny } from './store.js';
import { MODEL } from '../../maths/models.js';
import { DEFAULTS } from '../../maths/sampling.js';
import { AROUND, STAGES } from '../../maths/stops.js';
import { tellHost } from './frame.js';

// Servers limit the length of a request line. A longer prompt stands behind the #, which is not sent to the server.
const LONGEST_IN_QUERY = 6000;

const SETTINGS = /** @type {(keyof typeof DEFAULTS)[]} */ (Object.keys(DEFAULTS));
const MODEL_PARTS = /** @type {(keyof typeof MODEL)[]} */ (Object.keys(MODEL));

/**
 * The address of a recipe and a place, from its ? onwards; defaults are left out.
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
  for (const name of SETTINGS) {
    const value = recipe.sampling[name];
    if (value !== DEFAULTS[name]) query.set(name, value === true ? '1' : String(value));
  }
  if (recipe.forced.length) query.set('forced', recipe.forced.map((pair) => pair.join('.')).join('_'));
  for (const text of recipe.stop) query.append('stop', text);
  if (recipe.date) query.set('date', recipe.date);
  for (const name of MODEL_PARTS) if (recipe[name]) query.set(name, recipe[name]);
  query.set('at', [stage, step, selection.position, selection.layer, selection.head].join('.'));
  return `?${query}${long ? `#${prompt}` : ''}`;
}

/**
 * A number, or the text itself if it is not a number: the server's error then quotes it.
 * @param {string} text
 */
const number = (text) => (text.trim() && Number.isFinite(Number(text)) ? Number(text) : text);

/** @param {string | null} text */
const whole = (text) => (/^\d+$/.test(text ?? '') ? Number(text) : null);

/**
 * What an address asks for; `recipe` or `place` is null where the address does not name it.
 * @param {{ search: string, hash: string }} address
 * @returns {Page.AddressRequest}
 */
export function read({ search, hash }) {
  const query = new URLSearchParams(search);
  const place = placeOf(query.get('at'));
  const prompt = query.get('p') ?? new URLSearchParams(hash.slice(1)).get('p');
  if (prompt === null) return { recipe: null, place };
  /** @type {Record<string, unknown>} */
  const sampling = {};
  for (const name of SETTINGS) {
    if (!query.has(name)) continue;
    sampling[name] = typeof DEFAULTS[name] === 'boolean' ? query.get(name) === '1' : number(query.get(name));
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
    ...Object.fromEntries(MODEL_PARTS.map((name) => [name, query.get(name) ?? ''])),
    ...(query.get('date') && { date: query.get('date') }),
    ...(whole(query.get('n')) && { max_new_tokens: whole(query.get('n')) }),
  };
  return { recipe, place };
}

/**
 * @param {string | null} text
 * @returns {Page.Place | null}
 */
function placeOf(text) {
  const [name, ...numbers] = (text ?? '').split('.');
  const stage = [...STAGES, ...AROUND].find((known) => known === name);
  const places = numbers.map(whole);
  if (!stage || places.length !== 4 || places.includes(null)) return null;
  const [step, position, layer, head] = places;
  return { stage, step, selection: { position, layer, head } };
}

/**
 * Keeps the address in step with the store. A new recipe makes an entry in the browser's history; a new place does not.
 * @param {Page.Store} store
 * @param {{ onback: (asked: Page.AddressRequest) => void }} hooks
 */
export function keepLink(store, { onback }) {
  /** @type {string} */
  let key = null;
  /** @type {ReturnType<typeof setTimeout>} */
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
    const request = read(location);
    if (!request.recipe) return;
    key = null;
    onback(request);
  });
}
