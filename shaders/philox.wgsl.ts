import { checkNumber, checkOptionNames } from '../src/errors.ts';
import { arrayType, laneKernel, type Kernel } from './kernel.ts';

/*
 * Philox-4x32-10 (Salmon et al. 2011) in WGSL: word for word what src/data/philox.ts computes on the CPU.
 */

/**
 * `philox(counter, key)`: four random words for a counter and a key. `uniformFloat(bits)`: a word as f32 in [0, 1),
 * exact. WGSL has no 64-bit integers, so `multiplyWide` builds (high, low) of a 32 × 32-bit product from 16-bit halves.
 */
export const philoxFunctions = /* wgsl */ `
fn multiplyWide(a: u32, b: u32) -> vec2u {
  let aLow = a & 0xffffu;
  let aHigh = a >> 16u;
  let bLow = b & 0xffffu;
  let bHigh = b >> 16u;
  let middle = aHigh * bLow + ((aLow * bLow) >> 16u);
  let middle2 = aLow * bHigh + (middle & 0xffffu);
  return vec2u(aHigh * bHigh + (middle >> 16u) + (middle2 >> 16u), a * b);
}

fn philox(counter: vec4u, key: vec2u) -> vec4u {
  var c = counter;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    let p0 = multiplyWide(0xd2511f53u, c.x);
    let p1 = multiplyWide(0xcd9e8d57u, c.z);
    c = vec4u(p1.x ^ c.y ^ k.x, p1.y, p0.x ^ c.w ^ k.y, p0.y);
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}

fn uniformFloat(bits: u32) -> f32 {
  return f32(bits >> 8u) * 0x1p-24f;
}
`;

/**
 * out[i] = word i of a `RandomStream` as a uniform in [0, 1), i < length: a lane draws one block and writes its four words.
 * `random` is a uniform of 16 bytes, four u32: `seedKey(seed)`, the stream and the part, so that a new seed needs no new pipeline.
 * @param options.length Numbers to write: an integer in [1, 2^32 − 4].
 * @throws OptionError for any other length.
 */
export function philoxFill(options: { length: number }): Kernel {
  checkOptionNames('philoxFill', options, ['length']);
  const length = checkNumber('philoxFill', 'length', options.length, { min: 1, max: 0xfffffffc, integer: true });
  return laneKernel({
    name: 'philox-fill',
    formula: 'out[i] = word i of Philox-4x32-10 as a uniform in [0, 1).',
    declarations: [
      { name: 'random', access: 'uniform', type: 'Random' },
      { name: 'out', access: 'write', type: arrayType(length) },
    ],
    functions: `
struct Random {
  key: vec2u,
  stream: u32,
  part: u32,
}
${philoxFunctions}`,
    body: `
  let words = philox(vec4u(lane, 0u, random.stream, random.part), random.key);
  let first = lane * 4u;
  for (var i = 0u; i < 4u && first + i < ${length}u; i++) {
    out[first + i] = uniformFloat(words[i]);
  }`,
    count: Math.ceil(length / 4),
  });
}
