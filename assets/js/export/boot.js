// Starts a recorded walk. The text of the function goes into the file, so it may use nothing from outside itself.

/**
 * Unpacks modules, style sheets and answers, gives each module an address, and starts the page on them.
 * @param {string} nonce
 * @param {string} broken the message if that fails
 */
export async function boot(nonce, broken) {
  const root = document.getElementById('tbt');
  try {
    const place = document.getElementById('walk');
    const bytes = Uint8Array.from(atob(place.textContent), (sign) => sign.charCodeAt(0));
    place.remove();
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    /** @type {Page.WalkFile} */
    const { modules, css, walk } = JSON.parse(await new Response(stream).text());
    document.head.append(Object.assign(document.createElement('style'), { textContent: css }));
    document.body.classList.toggle('dark', matchMedia('(prefers-color-scheme: dark)').matches);
    /** @type {Record<string, string>} */
    const imports = {};
    for (const [path, source] of Object.entries(modules)) {
      imports[`walk/${path}`] = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
    }
    const map = Object.assign(document.createElement('script'), {
      type: 'importmap',
      textContent: JSON.stringify({ imports }),
    });
    map.nonce = nonce;
    document.head.append(map);
    const [{ start }, { createReplay }] = await Promise.all([
      import(/** @type {'../main.js'} */ ('walk/main.js')),
      import(/** @type {'../core/server/replay.js'} */ ('walk/core/server/replay.js')),
    ]);
    const line = createReplay({ run: walk.run, keys: new Map(walk.keys), answers: walk.answers });
    const load = /** @type {Page.Load} */ ((/** @type {string} */ path) => import(`walk/${path.replace('./', '')}`));
    await start(root, { config: walk.config, line, load, recorded: walk.about });
  } catch (error) {
    root.textContent = broken.replace('WHY', () => error.message);
  }
}
