import type { TrainingCase } from './case.ts';
import { training } from './training.ts';

/** Trainings that differ in one size. */
export interface Sweep {
  readonly name: string;
  readonly points: readonly { readonly label: string; readonly work: TrainingCase }[];
}

const sweep = (name: string, sizes: readonly number[], at: (size: number) => TrainingCase): Sweep => ({ name, points: sizes.map((size) => ({ label: String(size), work: at(size) })) });

/** What a step costs against its work. */
export const sweeps: readonly Sweep[] = [
  sweep('batch of an MLP 784-128-10', [16, 32, 64, 128, 256, 512, 1024], (batch) => training('sweep', { type: 'mlp', sizes: [784, 128, 10] }, batch, { batches: 4 })),
  sweep('width of an MLP 784-width-width-10, batch 64', [32, 64, 128, 256, 512, 1024], (width) => training('sweep', { type: 'mlp', sizes: [784, width, width, 10] }, 64, { batches: 4 })),
  sweep('layers of 128 of an MLP, batch 64', [1, 2, 4, 8, 16, 32], (depth) => training('sweep', { type: 'mlp', sizes: [784, ...Array<number>(depth).fill(128), 10] }, 64, { batches: 4 })),
  sweep('tokens of a transformer 2×64, batch 4', [16, 32, 64, 128, 256], (time) =>
    training('sweep', { type: 'transformer', layers: 2, width: 64, heads: 2, time, vocabulary: 64 }, 4, { batches: 2 })),
  sweep('times of an LSTM 1×64, batch 32', [8, 16, 32, 64, 128], (time) =>
    training('sweep', { type: 'lstm', features: 32, units: 64, layers: 1, time, classes: 10 }, 32, { batches: 2 })),
];
