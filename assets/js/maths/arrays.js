// Arrays as the server packs them: {dtype, shape, data: base64}.

/** @type {Record<string, Float32ArrayConstructor | Uint8ArrayConstructor | Int32ArrayConstructor | Uint16ArrayConstructor>} */
const TYPES = {
  float32: Float32Array,
  uint8: Uint8Array,
  int32: Int32Array,
  uint16: Uint16Array,
};

/** @param {number} bits */
function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * Decodes a packed array; float16 becomes float32.
 * @param {Payload.Packed} packed
 * @returns {Page.Unpacked}
 */
export function unpack({ dtype, shape, data }) {
  const text = atob(data);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  if (dtype === 'float16') {
    return { data: Float32Array.from(new Uint16Array(bytes.buffer), fromHalf), shape };
  }
  const Type = TYPES[dtype];
  if (!Type) throw new TypeError(`arrays of ${dtype} cannot be read`);
  return { data: /** @type {Page.Numbers} */ (new Type(bytes.buffer)), shape };
}
