import type { Device } from '../../src/gpu/device.ts';
import { map } from '../../src/ops/map.ts';
import { roundToFloat16 } from '../../src/program/float16.ts';
import { createTensor, runRequests } from '../../src/program/run-requests.ts';
import { mixedKernels } from '../golden-mixed.ts';
import { hold, type Case } from './case.ts';

/** Numbers as f16, and back as f32. */
async function throughHalf(device: Device, numbers: Float32Array): Promise<Float32Array> {
  const x = createTensor('x', [numbers.length]);
  const half = { ...createTensor('half', [numbers.length]), half: true as const };
  const out = createTensor('out', [numbers.length]);
  const [found] = await runRequests(device, [map(x, [], half), map(half, [], out)], { inputs: new Map([[x, numbers]]), read: [out], target: { fusion: false } });
  return found as Float32Array;
}

const special = Float32Array.of(0, 1, -1, 65_504, -65_504, 65_505, -65_505, 65_520, 1e6, -3e38, Infinity, -Infinity, NaN, 2 ** -14);
const expected = [0, 1, -1, 65_504, -65_504, Infinity, -Infinity, Infinity, Infinity, -Infinity, Infinity, -Infinity, NaN, 2 ** -14];

const rounding: Case = {
  name: 'rounding: the neighbours in f16, infinite beyond 65504, in fours and alone',
  async run(device) {
    for (const length of [special.length, special.length - 1]) {
      const found = await throughHalf(device, special.slice(0, length));
      hold(found.every((value, i) => Object.is(value, expected[i]) || (value === 0 && expected[i] === 0)), `${[...found].join(', ')}`);
    }
    // Over all exponents that f16 has, and some below them, which may be taken for 0.
    const numbers = Float32Array.from({ length: 40_000 }, (_, i) => (i % 2 ? -1 : 1) * 2 ** (-18 + 34 * ((i * 0.618033988749895) % 1)) * 0.99);
    const found = await throughHalf(device, numbers);
    let nearest = 0;
    numbers.forEach((value, i) => {
      const unit = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(value)))) - 10);
      hold(Math.abs(found[i]! - value) < unit || (Math.abs(value) < 2 ** -14 && found[i] === 0), `${value} became ${found[i]}`);
      if (found[i] === roundToFloat16(value)) nearest += 1;
    });
    hold(nearest > numbers.length / 4, `${nearest} of ${numbers.length} are what rounding gives`);
    return `${nearest} of ${numbers.length} to the nearest`;
  },
};

const compile: Case = {
  name: 'every golden kernel of mixed precision that the device can run compiles without a message',
  async run() {
    // With subgroups where the adapter has them, which the library's own device asks for only where they are of four.
    const adapter = (await navigator.gpu.requestAdapter())!;
    const hasSubgroups = adapter.features.has('subgroups');
    const raw = await adapter.requestDevice({ requiredFeatures: ['shader-f16', ...(hasSubgroups ? ['subgroups' as const] : [])] });
    const known = mixedKernels.filter(([, { enables = [] }]) => hasSubgroups || !enables.includes('subgroups'));
    for (const [name, { code }] of known) {
      const { messages } = await raw.createShaderModule({ label: name, code }).getCompilationInfo();
      hold(messages.length === 0, `${name}: ${messages.map(({ lineNum, message }) => `line ${lineNum}: ${message}`).join('; ')}`);
    }
    raw.destroy();
    hold(known.length > 8, `only ${known.length} kernels`);
    return `${known.length} of ${mixedKernels.length}`;
  },
};

export const roundingCases: readonly Case[] = [rounding, compile];
