// The text of the choice of models.

import { bytes, count, num, parameters } from '../../maths/format.js';

/** @type {Record<string, string>} */
const DEVICES = { cpu: 'CPU', cuda: 'CUDA GPU', mps: 'Apple GPU (MPS)', split: 'split over all devices' };
/** @type {Record<string, string>} */
const DTYPES = {
  float32: 'float32',
  bfloat16: 'bfloat16 (half the memory)',
  float16: 'float16 (half the memory)',
};

/** @param {number} n */
const megabytes = (n) => (n >= 1e9 ? `${num(n / 1e9, 3)} GB` : `${num(n / 1e6, 3)} MB`);

export const models = {
  choose: 'Choose a model',
  change: 'choose another model, device or number format',
  title: 'Models',
  intro: 'Prompt and settings stay when the model changes; the link carries the choice.',
  close: 'Close',
  now: 'This run: ',
  held: 'In memory, back at once:',
  own: 'Another model',
  name: {
    paths: 'Hub name or address, GGUF in it, or path on this machine',
    hub: 'Hub name or address, or GGUF in it',
  },
  example: { paths: 'org/name, org/name/file.gguf, /path/to/folder', hub: 'org/name, org/name/file.gguf' },
  revision: 'Revision',
  revisionHint: 'newest',
  device: 'Device',
  dtype: 'Number format',
  /** @param {string} chosen */
  auto: (chosen) => `auto: ${chosen}`,
  devices: DEVICES,
  dtypes: DTYPES,
  reopen: 'Use for this model',
  check: 'Check',
  checking: 'Reading the config and the list of files …',
  open: 'Open',
  opening: 'Opening …',
  cancel: 'Cancel',
  cancelled: 'Cancelled. What was downloaded is kept: opening it again goes on from there.',
  listed: 'Small open models to learn from',
  /** @param {string} dtype */
  listedNote: (dtype) =>
    `Memory is the weights as ${dtype} and a fifth more. Nothing is downloaded before config, size and format are checked.`,
  only: 'Also opened here',
  gated: 'gated: accept its terms on the Hub first',
  /** @param {number} n @param {number} memory */
  size: (n, memory) => `${parameters(n)} parameters · ${bytes(memory)}`,
  /** @param {Payload.LoadedModel} loadedModel */
  held1: ({ title, dtype, device, n_bytes }) => `${title.split('/').pop()} · ${dtype} on ${device} · ${bytes(n_bytes)}`,
  /** @param {Payload.CardAnswer} card */
  summary: (card) =>
    `${count(card.n_layers, 'layer')} · ${card.n_heads ? count(card.n_heads, 'head') : 'no attention'} · d_model ${card.d_model} · ${parameters(card.n_parameters)} parameters · ${card.dtype} on ${card.device}`,
  /** @param {Payload.Inspection} about */
  found: (about) =>
    [
      `${about.name.split('/').pop()} (${about.family}${about.n_layers ? `, ${count(about.n_layers, 'layer')}` : ''}): ${parameters(about.n_parameters)} parameters`,
      about.licence && `licence ${about.licence}`,
      about.has_chat_template ? 'with a chat template' : 'no chat template',
      about.download_bytes ? `${megabytes(about.download_bytes)} to download` : 'nothing to download',
      `needs about ${bytes(about.memory_bytes)} as ${about.dtype} on ${about.device}, ${bytes(about.free_bytes)} are free`,
    ]
      .filter(Boolean)
      .join(' · '),
};
