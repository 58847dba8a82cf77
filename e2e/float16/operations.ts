import { checkSample } from '../../src/check/check-op.ts';
import type { Device } from '../../src/gpu/device.ts';
import { runnable, variantNames } from '../../src/ops/variants.ts';
import { roundToFloat16 } from '../../src/program/float16.ts';
import { halve } from '../../src/program/halve.ts';
import { runOp } from '../../src/program/run-op.ts';
import { proofs } from '../../src/proof/index.ts';
import type { Sample } from '../../src/proof/proof.ts';
import { fail, hold, type Case } from './case.ts';

// Operands that f16 holds exactly leave nothing to round: the kernels then have to meet the proof of f32, element by element.

const rounded = (data: Float32Array): Float32Array => data.map(roundToFloat16);

/** A sample whose numbers f16 holds. */
const halfSample = (sample: Sample): Sample => ({
  ...sample,
  inputs: Object.fromEntries(Object.entries(sample.inputs).map(([name, { shape, data }]) => [name, { shape, data: data instanceof Float32Array ? rounded(data) : data }])),
});

async function prove(device: Device, op: string, variants: Readonly<Record<string, string>>): Promise<string> {
  const kernels = new Set<string>();
  let elements = 0;
  for (const sample of proofs[op]!.samples) {
    const reports = await checkSample(async (name, options, inputs, cotangent) => {
      const snapshot = await runOp(device, name, options, inputs, rounded(cotangent), { halve, target: { variants } });
      for (const { kernel } of snapshot.launches) if (kernel.includes('/f16')) kernels.add(kernel);
      return snapshot;
    }, op, halfSample(sample), { explain: false });
    for (const { passed, report, cotangent } of reports) {
      if (!passed) fail(`${op} ${sample.name} (${cotangent}) ${JSON.stringify(variants)}\n${report}`);
      elements += report.checked;
    }
  }
  if (kernels.size === 0) fail(`${op}: no kernel of f16 ran`);
  return `${elements} elements of ${proofs[op]!.samples.length} samples, kernels ${[...kernels].sort().join(', ')}`;
}

/** Bugs that only kernels of f16 can have: a text of some f16 kernel of the op, and what takes its place. */
const BUGS: readonly (readonly [op: string, find: string, replace: string])[] = [
  ['matmul', 'min(column + 1u, ', 'max(column + 1u, '], ['matmul', 'f32(b[', 'f32(-b['], ['matmul', 'toHalf(value)', 'toHalf(1.01 * value)'], ['matmul', 'return select(f16(x)', 'return select(f16(floor(x))'],
  ['conv2d', 'f32(weight[weights1 + ', 'f32(weight[weights0 + '], ['conv2d', 'f32(dout[', 'f32(0.5h * dout['], ['conv2d', 'f32(source[', 'f32(0.99h * source['],
];

const planted: Case = {
  name: 'planted bugs of f16 kernels are found',
  async run(device) {
    for (const [op, find, replace] of BUGS) {
      let stands = false;
      const found = await Promise.all(proofs[op]!.samples.slice(0, 6).map((sample) => checkSample((name, options, inputs, cotangent) => runOp(device, name, options, inputs, rounded(cotangent), {
        halve, alter: (plan) => ({
          ...plan,
          launches: plan.launches.map((launch) => {
            if (!launch.kernel.name.includes('/f16') || !launch.kernel.code.includes(find)) return launch;
            stands = true;
            return { ...launch, kernel: { ...launch.kernel, code: launch.kernel.code.replaceAll(find, replace) } };
          }),
        }),
      }), op, halfSample(sample), { explain: false, cotangents: ['random'] })));
      hold(stands, `${op}: no f16 kernel has ${find}`);
      hold(found.flat().some(({ passed }) => !passed), `${op}: ${find} → ${replace} was not found`);
    }
    return `${BUGS.length} of ${BUGS.length}`;
  },
};

/** The ops whose families multiply f16, by the choice of kernels that those have. */
const MULTIPLYING: Readonly<Record<string, string>> = { matmul: 'matmul', conv1d: 'convolution', conv2d: 'convolution', convTranspose2d: 'convolution' };

/** Each of them with every kernel that the device can run. */
export const operationCases: readonly Case[] = [planted, ...Object.entries(MULTIPLYING).flatMap(([op, family]): Case[] => [
  { name: `${op}: f16 operands`, run: (device) => prove(device, op, {}) },
  ...(variantNames[family] ?? []).map((variant): Case => ({
    name: `${op}: f16 operands, ${variant}`,
    run: (device) => prove(device, op, { [family]: variant }),
    lacks: (device) => (runnable(family, [variant], device.traits).length > 0 ? undefined : 'this device does not run that kernel'),
  })),
  {
    name: `${op}: operands that f16 does not hold are rounded`,
    // The same check has to fail where something is rounded: else it would say nothing of f16.
    async run(device) {
      const sample = proofs[op]!.samples.find(({ name }) => !name.includes('zero'))!;
      const [report] = await checkSample((...call) => runOp(device, ...call, { halve }), op, sample, { explain: false, cotangents: ['random'] });
      hold(!report!.passed, `${op} ${sample.name} passed as if it had been computed in f32`);
      return `${report!.report.verdict} by the proof of f32, as it should be`;
    },
  },
])];
