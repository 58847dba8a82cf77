import type { TrainingCase } from './case.ts';
import { training } from './training.ts';

/** Trainings that differ in one size. */
export interface Sweep {
  readonly name: string;
  /** Why time grows less than the work, or more: what else grows, or does not. */
  readonly note: { readonly below: string; readonly above: string };
  readonly points: readonly { readonly label: string; readonly work: TrainingCase }[];
}

const sweep = (name: string, below: string, above: string, sizes: readonly number[], at: (size: number) => TrainingCase): Sweep => ({ name, note: { below, above }, points: sizes.map((size) => ({ label: String(size), work: at(size) })) });

/** What a step costs against its work. */
export const sweeps: readonly Sweep[] = [
  sweep('batch of an MLP 784-128-10', 'The launches and the pass of Adam over all weights are the same at any batch.', 'Activations of a large batch no longer stay in the caches between launches.', [16, 32, 64, 128, 256, 512, 1024], (batch) => training('sweep', { type: 'mlp', sizes: [784, 128, 10] }, batch, { batches: 4 })),
  sweep('width of an MLP 784-width-width-10, batch 64', 'The launches are as many at any width.', 'Weights and the optimiser\'s state, 16 bytes a parameter, outgrow the caches, and Adam\'s pass over them has few FLOPs a byte.', [32, 64, 128, 256, 512, 1024], (width) => training('sweep', { type: 'mlp', sizes: [784, width, width, 10] }, 64, { batches: 4 })),
  sweep('layers of 128 of an MLP, batch 64', 'Each layer adds the same launches and the same work to those of the first and the last layer.', 'The layers that are added are small products, which reach less of the ceiling than the first layer\'s.', [1, 2, 4, 8, 16, 32], (depth) => training('sweep', { type: 'mlp', sizes: [784, ...Array<number>(depth).fill(128), 10] }, 64, { batches: 4 })),
  sweep('tokens of a transformer 2×64, batch 4', 'The launches and the pass of the optimiser over all weights are the same for any number of tokens.', 'Scores and weights of attention grow with the square of the tokens and go through memory, which FLOPs do not show.', [16, 32, 64, 128, 256], (time) =>
    training('sweep', { type: 'transformer', layers: 2, width: 64, heads: 2, time, vocabulary: 64 }, 4, { batches: 2 })),
  sweep('times of an LSTM 1×64, batch 32', 'The pass of the optimiser, and what stands before and after the times, are the same for any number of them.', 'Each time is a launch forward and one backward, one after the other: they cannot share the cores.', [8, 16, 32, 64, 128], (time) =>
    training('sweep', { type: 'lstm', features: 32, units: 64, layers: 1, time, classes: 10 }, 32, { batches: 2 })),
];
