// The page's own line to the server, over the two routes that Gradio's clients use: the queue for runs, and a
// component's server functions for views. Gradio's own client would reload the page when the server restarts.

import { messages } from '../words/messages.js';

const RETRY_MS = 1000;
const CALM_MS = 5000;

/** The server did not answer at all: it restarts, or the network is down. The request itself is not at fault. */
export class Gone extends Error {}

/** The status codes of a proxy whose server is away. */
const AWAY = new Set([502, 503, 504]);

/**
 * @param {string} url
 * @param {object} body
 */
async function post(url, body) {
  /** @type {Response} */
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
  const answer = await response.json().catch(() => /** @type {null} */ (null));
  if (response.ok) return answer;
  // A full queue explains itself in `detail`; a proxy does not.
  if (AWAY.has(response.status) && typeof answer?.detail !== 'string') throw new Gone();
  throw new Error(answer?.detail ?? messages.status(response.status));
}

/**
 * The text in a message of the queue. After the first one Gradio sends differences: ours always replace the whole text.
 * @param {Page.QueueOutput} output
 */
function textOf({ data, error }) {
  if (error) return JSON.stringify({ kind: 'error', error });
  const [text] = data ?? [];
  return typeof text === 'string' ? text : text?.find?.(([action]) => action === 'replace')?.[2];
}

/**
 * The addresses of the component and its event, from the page's own configuration.
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

/** Sixteen random bytes in hex. Over plain http there is no crypto.randomUUID. */
export const randomId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');

/**
 * The line to the server of the page that Gradio's `config` describes.
 * @param {Page.Gradio} config
 * @param {string} event the component's event that starts a run
 * @param {(away: boolean) => void} onaway called when the server is gone and when it is back
 * @returns {Page.Line}
 */
export function createChannel(config, event, onaway) {
  const { base, component, run: fn } = addresses(config, event);
  const session = randomId();
  /** @type {Promise<void>} */
  let returning = null;

  async function isHere() {
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
      while (!(await isHere()))
        await new Promise((resolve) => {
          setTimeout(resolve, RETRY_MS);
        });
      returning = null;
      onaway(false);
    })();
    return returning;
  }

  /**
   * Sends a request; if the server is gone, sends it again once it is back. A request may so be made twice.
   * @param {() => Promise<string>} ask
   */
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

  const call = (/** @type {'look' | 'halt'} */ name, /** @type {string} */ data) =>
    post(`${base}/component_server`, { data, component_id: component, fn_name: name, session_hash: session });

  setInterval(async () => {
    if (!document.hidden && !returning && !(await isHere())) back();
  }, CALM_MS);

  return {
    back,
    look: (request) => patiently(() => call('look', request)),
    halt: (id) => call('halt', id).catch(() => {}),

    /** Puts a request into the queue. The function that it returns closes the connection. */
    run(request, receive) {
      /** @type {EventSource} */
      let source = null;
      let ended = false;

      function end() {
        ended = true;
        source?.close();
      }

      /** @param {MessageEvent<string>} event */
      function listen({ data }) {
        /** @type {Page.QueueMessage} */
        const message = JSON.parse(data);
        if (message.msg === 'estimation') receive({ queued: message.rank });
        if (message.msg === 'process_generating' || message.msg === 'process_completed') {
          const text = textOf(message.output ?? {});
          if (text) receive({ text });
        }
        if (message.msg === 'process_completed') lose();
        if (message.msg === 'unexpected_error' || message.msg === 'broken_connection') lose();
      }

      /** The connection has ended. A listener that has not received its last answer yet thus learns that the connection broke. */
      function lose() {
        if (ended) return;
        end();
        receive({ lost: true });
      }

      const body = {
        data: /** @type {never[]} */ ([]),
        event_data: request,
        fn_index: fn,
        trigger_id: component,
        session_hash: request.id,
      };
      post(`${base}/queue/join`, body).then(
        () => {
          if (ended) return;
          source = new EventSource(`${base}/queue/data?session_hash=${request.id}`);
          source.onmessage = listen;
          source.onerror = lose;
        },
        (error) => {
          if (error instanceof Gone) lose();
          else if (!ended) receive({ text: textOf({ error: error.message }) });
        },
      );
      return end;
    },
  };
}
