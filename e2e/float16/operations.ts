import { checkSample } from '../../src/check/check-op.ts';
import type { Device } from '../../src/gpu/device.ts';
import { ops } from '../../src/ops/index.ts';
import { runnable, variantNames } from '../../src/ops/variants.ts';
import { roundToFloat16 } from '../../src/program/float16.ts';
import { halve } from '../../src/program/halve.ts';
import { runOp } from '../../src/program/run-op.ts';
import { proofs } from '../../src/proof/index.ts';
import type { Sample } from '../../src/proof/proof.ts';
import { fail, type Case } from './case.ts';

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

/** Every op whose families multiply f16, with each of their kernels. */
export const operationCases: readonly Case[] = Object.values(ops).flatMap((op) => {
  const forced = (op.families ?? []).filter(({ half }) => half?.includes('a') || half?.includes('source'));
  if (forced.length === 0 || !Object.hasOwn(proofs, op.name)) return [];
  return [{ name: `${op.name}: f16 operands`, run: (device: Device) => prove(device, op.name, {}) }, ...forced.flatMap(({ name }) => (variantNames[name] ?? []).map((variant) => ({
    name: `${op.name}: f16 operands, ${name} ${variant}`,
    run: async (device: Device) => (runnable(name, [variant], device.traits).length > 0 ? prove(device, op.name, { [name]: variant }) : 'no such kernel on this device'),
  })))];
});
