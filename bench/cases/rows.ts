import { filled, Random } from '../harness/random.ts';
import type { RowsCase } from './case.ts';

const columns = 1024;

/** `passes`: how often the matrix goes through memory at least. */
function overRows(op: RowsCase['op'], passes: number, rows = 4096): RowsCase {
  return {
    kind: 'rows', name: `${op} ${rows}×${columns}`, op, rows, columns, bytes: passes * 4 * rows * columns,
    data: () => {
      const random = new Random(rows + columns + passes);
      const x = random.uniform([rows, columns], 3);
      const weight = filled([columns], 1);
      weight.data.forEach((_, i) => { weight.data[i] = 1 + 0.1 * Math.sin(i); });
      return { tensors: { x, cotangent: random.uniform([rows, columns]), weight, bias: random.uniform([columns]) }, labels: random.classes(rows, columns) };
    },
  };
}

/**
 * Ops that memory bounds. Forward: x is read, out written; backward: two are read, one written. Fewer rows with gradients: a peer takes
 * many seconds for more.
 */
export const overAllRows: readonly RowsCase[] = [
  overRows('softmax', 2), overRows('softmax and gradient', 5, 1024),
  overRows('layerNorm', 2), overRows('layerNorm and gradients', 5, 1024),
  overRows('crossEntropy and gradient', 2),
];
