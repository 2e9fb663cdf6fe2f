// The page's own line to the server, over the two routes that Gradio's clients use: its queue for runs, and a
// component's server functions for looks. Gradio's front end would answer a server that restarts by reloading the page.

import { messages } from '../words/messages.js';

const RETRY_MS = 1000;
const CALM_MS = 5000;

/** The server did not answer at all: it restarts, or the network is away. Nothing of what it was asked is wrong. */
export class Gone extends Error {}

/** What fetch gives while a server is away, or a proxy in front of one. */
const AWAY = new Set([502, 503, 504]);

async function post(url, body) {
  let response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Gone();
  }
  const said = await response.json().catch(() => null);
  if (response.ok) return said;
  // A full queue says so in words; a proxy does not.
  if (AWAY.has(response.status) && typeof said?.detail !== 'string') throw new Gone();
  throw new Error(said?.detail ?? messages.status(response.status));
}

/**
 * The text in a message of the queue: after the first it sends what has changed, and our texts always change whole.
 * @param {{ data?: any[], error?: string }} output
 */
function textOf({ data, error }) {
  if (error) return JSON.stringify({ kind: 'error', error });
  const [text] = data ?? [];
  return typeof text === 'string' ? text : text?.find?.(([action]) => action === 'replace')?.[2];
}

/**
 * Where Gradio put the component, from the page's own configuration.
 * @param {Page.Gradio} config
 * @param {string} event
 */
function addresses({ root = '', api_prefix: prefix = '', components, dependencies }, event) {
  const base = root.replace(/\/$/, '') + prefix;
  return {
    base,
    component: components.find(({ props }) => props.elem_id === 'walk').id,
    run: dependencies.find(({ targets }) => targets.some(([, name]) => name === event)).id,
  };
}

/** Sixteen random bytes in hex; crypto.randomUUID is missing where the page comes over plain http. */
export const randomId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');

/**
 * look, run, halt and back, for the page that Gradio's `config` describes; `event` is the component's event that runs.
 * `onaway(true or false)` hears when the server is gone and when it is back.
 * @param {Page.Gradio} config
 * @param {string} event
 * @param {(away: boolean) => void} onaway
 * @returns {Page.Line}
 */
export function createChannel(config, event, onaway) {
  const { base, component, run: fn } = addresses(config, event);
  const session = randomId();
  let returning = null;

  async function here() {
    try {
      return (await fetch(`${base}/app_id`, { cache: 'no-store' })).ok;
    } catch {
      return false;
    }
  }

  /** Waits until the server answers again. */
  function back() {
    returning ??= (async () => {
      onaway(true);
      while (!(await here()))
        await new Promise((resolve) => {
          setTimeout(resolve, RETRY_MS);
        });
      returning = null;
      onaway(false);
    })();
    return returning;
  }

  /** Asks, and when the server has gone asks again once it is back: every request may be made twice. */
  async function patiently(ask) {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof Gone)) throw error;
        await back();
      }
    }
  }

  const call = (name, data) =>
    post(`${base}/component_server`, { data, component_id: component, fn_name: name, session_hash: session });

  setInterval(async () => {
    if (!document.hidden && !returning && !(await here())) back();
  }, CALM_MS);

  return {
    back,
    look: (request) => patiently(() => call('look', request)),
    halt: (id) => call('halt', id).catch(() => {}),

    /**
     * Puts a request into the queue; `hear` is told {queued: rank} while it waits and {said: text} of each answer, and
     * {lost: true} when the line has ended. Gives a function that ends it.
     */
    run(request, hear) {
      let source = null;
      let ended = false;

      function end() {
        ended = true;
        source?.close();
      }

      function listen({ data }) {
        const message = JSON.parse(data);
        if (message.msg === 'estimation') hear({ queued: message.rank });
        if (message.msg === 'process_generating' || message.msg === 'process_completed') {
          const said = textOf(message.output ?? {});
          if (said) hear({ said });
        }
        if (message.msg === 'process_completed') lose();
        if (message.msg === 'unexpected_error' || message.msg === 'broken_connection') lose();
      }

      /** The line ends: who has not heard the last answer by then knows that it broke. */
      function lose() {
        if (ended) return;
        end();
        hear({ lost: true });
      }

      const body = { data: [], event_data: request, fn_index: fn, trigger_id: component, session_hash: request.id };
      post(`${base}/queue/join`, body).then(
        () => {
          if (ended) return;
          source = new EventSource(`${base}/queue/data?session_hash=${request.id}`);
          source.onmessage = listen;
          source.onerror = lose;
        },
        (error) => {
          if (error instanceof Gone) lose();
          else if (!ended) hear({ said: textOf({ error: error.message }) });
        },
      );
      return end;
    },
  };
}
