// The reader of what gptviz/views/kit/wire.py packs; the format is described there.

const MAGIC = 0x56545047; // "GPTV", little-endian
const VERSION = 1;
const PREFIX = 16;

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
};

/**
 * @typedef {Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array
 *   | Uint32Array} TypedArray
 * @typedef {object} Payload
 * @property {any} header what Python said in JSON
 * @property {Record<string, {data: TypedArray, shape: number[]}>} arrays row-major, as in torch
 */

/**
 * @param {Uint8Array} bytes at any offset of its buffer
 * @returns {Payload}
 */
export function unpack(bytes) {
  const { buffer } = bytes.slice(); // a typed array needs an aligned start, and a host gives none
  const view = new DataView(buffer);
  if (buffer.byteLength < PREFIX || view.getUint32(0, true) !== MAGIC || view.getUint32(4, true) !== VERSION) {
    throw new Error(`not a gptviz payload of version ${VERSION}`);
  }
  const start = PREFIX + view.getUint32(8, true);
  /** @type {{header: any, arrays: Record<string, {dtype: keyof typeof ARRAYS, shape: number[], offset: number}>}} */
  const content = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, PREFIX, start - PREFIX)));
  /** @type {Payload["arrays"]} */
  const arrays = {};
  for (const [name, { dtype, shape, offset }] of Object.entries(content.arrays)) {
    const count = shape.reduce((product, size) => product * size, 1);
    arrays[name] = { data: new ARRAYS[dtype](buffer, start + offset, count), shape };
  }
  return { header: content.header, arrays };
}
