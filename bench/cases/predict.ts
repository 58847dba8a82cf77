import { Random } from '../harness/random.ts';
import type { PredictCase } from './case.ts';
import { initialParameters } from './nets.ts';

function prediction(sizes: readonly number[], rows: number): PredictCase {
  const products = sizes.slice(1).reduce((sum, size, i) => sum + size * sizes[i], 0);
  return {
    kind: 'predict', name: `predict ${sizes.join('-')}, batch ${rows}`, sizes, rows, flops: 2 * rows * products,
    data: () => new Random(rows).uniform([rows, sizes[0]]),
    parameters: () => initialParameters({ type: 'mlp', sizes }),
  };
}

export const predictions: readonly PredictCase[] = [prediction([784, 128, 10], 1), prediction([784, 512, 512, 10], 256)];
