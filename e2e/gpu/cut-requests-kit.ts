// Runs in the page: single ops over ranges beside the same ops in one piece.
import { openDevice } from '../../src/index.ts';
import { createTensor, ops, runOp, sizeOf, type OpInput } from '../../src/kernels.ts';
import { bring } from '../../src/program/cutting.ts';
import type { ProgramPlan } from '../../src/program/plan.ts';
import type { Shape } from '../../src/ops/tensor.ts';

interface Case {
  readonly op: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, Shape>>;
  /** Bytes of a binding at most. */
  readonly most: number;
}

/** Folds along an outer axis, along rows that are too long themselves, around an axis that is kept, and of all. */
const FOLDED: readonly (readonly [shape: Shape, axes: readonly number[]])[] = [
  [[300, 40], [0]], [[6, 5120], [1]], [[5, 64, 30], [0, 2]], [[3, 256, 20], [0, 2]], [[7000], [0]], [[64, 30, 20], [0, 1]], [[128, 6, 20], [1]],
];

const folds: Case[] = [
  ...['sum', 'mean', 'max', 'min', 'logSumExp', 'variance'].map((op) => ({ op, options: {} })),
  ...[1, 2, 'infinity'].map((p) => ({ op: 'norm', options: { p } })),
].flatMap(({ op, options }) => FOLDED.map(([shape, axes]): Case => ({ op, options: { ...options, axes }, inputs: { x: shape }, most: 10_000 })));

const CASES: readonly Case[] = [
  ...folds,
  ...([[[128, 6, 20], [1]], [[20, 128, 8], [0]], [[16, 128, 4], [0, 2]]] as const).map(([x, axes]): Case => ({ op: 'prod', options: { axes }, inputs: { x }, most: 10_000 })),
  ...['argMax', 'argMin'].flatMap((op): Case[] => [{ op, options: { axis: 0 }, inputs: { x: [300, 40] }, most: 10_000 }, { op, inputs: { x: [7000] }, most: 10_000 }, { op, options: { axis: 1 }, inputs: { x: [6, 5120] }, most: 10_000 }]),
  { op: 'batchNorm', inputs: { x: [64, 8, 5, 5], weight: [8], bias: [8] }, most: 12_000 },
  { op: 'batchNorm', inputs: { x: [256, 24] }, most: 12_000 },
  // One example is too large.
  { op: 'batchNorm', inputs: { x: [2, 8, 40, 64], weight: [8], bias: [8] }, most: 16_000 },
  // One group is too large.
  { op: 'layerNorm', inputs: { x: [3, 8192], weight: [8192], bias: [8192] }, most: 16_000 },
  { op: 'rmsNorm', inputs: { x: [3, 8192], weight: [8192] }, most: 16_000 },
  { op: 'groupNorm', options: { groups: 2 }, inputs: { x: [2, 8, 16, 64], weight: [8], bias: [8] }, most: 12_000 },
  { op: 'groupNorm', options: { groups: 4 }, inputs: { x: [2, 4, 64, 64] }, most: 12_000 },
  ...['runningMean', 'runningVariance'].flatMap((op): Case[] => [[64, 8, 5, 5], [256, 24]].map((shape) => ({ op, options: { momentum: 0.25 }, inputs: { x: shape, running: [shape[1]!] }, most: 12_000 }))),
  { op: 'pad', options: { padding: [[0, 0], [2, 2], [3, 1]], mode: 'reflect' }, inputs: { x: [32, 8, 16] }, most: 12_000 },
  { op: 'pad', options: { padding: [[0, 0], [2, 2], [3, 1]], mode: 'replicate' }, inputs: { x: [32, 8, 16] }, most: 12_000 },
  { op: 'pad', options: { padding: [[37, 5], [1, 3]], value: 0.5 }, inputs: { x: [200, 12] }, most: 4_000 },
  { op: 'slice', options: { start: [3, 1], end: [200, 9], step: [2, 1] }, inputs: { x: [200, 12] }, most: 4_000 },
  { op: 'cumsum', options: { axis: 0 }, inputs: { x: [600, 12] }, most: 10_000 },
  { op: 'cumsum', options: { axis: 1 }, inputs: { x: [40, 16, 24] }, most: 10_000 },
  { op: 'cumsum', inputs: { x: [9000] }, most: 10_000 },
  ...[['rnn', 1], ['gru', 3], ['lstm', 4]].map(([op, gates]): Case => ({
    op: String(op), options: { reverse: true },
    inputs: { x: [64, 3, Number(gates) * 8], weight: [Number(gates) * 8, 8], bias: [Number(gates) * 8], initialHidden: [64, 8], ...(op === 'lstm' ? { initialCell: [64, 8] } : {}) }, most: 5_000,
  })),
];

const numbers = (shape: Shape, seed: number, from = 0.3): OpInput => ({ shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => from + 0.9 * Math.sin((i + 1) * (1.7 + seed))) });

/** The largest binding of a launch, in bytes. */
const largest = ({ launches, placements }: ProgramPlan): number => Math.max(...launches.flatMap(({ tensors }) => tensors.map(({ id }) => placements.get(id)!.bytes)));

/** The furthest that two lists are apart, as a part of the largest number. */
const apart = (a: Float32Array, b: Float32Array): number => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0) / b.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);

/** How far what each case gives, forward and backward, is from what it gives in one piece; how many launches that took, and how much one binds. */
export async function compared(): Promise<{ name: string; most: number; bound: number; launches: number; apart: number }[]> {
  bring();
  const device = await openDevice();
  try {
    const results = [];
    for (const { op, options = {}, inputs: shapes, most } of CASES) {
      const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape], index) => [name, numbers(shape, index)]));
      const { out } = ops[op]!.shapes(Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, createTensor(name, shape)])), options, op);
      const cotangent = numbers(out!, 7, 0).data as Float32Array;
      let plan: ProgramPlan | undefined;
      const of = async (maxBindingBytes: number): Promise<Float32Array[]> => {
        const { seeds, computed, gradients } = await runOp(device, op, options, inputs, cotangent, { target: { maxBindingBytes }, alter: (made) => (plan = made) });
        return [computed[seeds[0]!.tensor]!, ...Object.values(gradients)];
      };
      const whole = await of(Infinity);
      const cut = await of(most);
      results.push({ name: `${op} ${JSON.stringify(options)} ${JSON.stringify(shapes)}`, most, bound: largest(plan!), launches: plan!.launches.length, apart: Math.max(...cut.map((values, index) => apart(values, whole[index]!))) });
    }
    return results;
  } finally {
    device.check();
    device.destroy();
  }
}
