// What the results of ops ought to be, in plain float64 loops, at places that are spread over them: all places would take longer than the case.
import type { Case, ProductCase, RowsCase } from '../cases/case.ts';

/** Values of one result at some of its places. */
export interface Expected {
  readonly output: string;
  readonly places: readonly number[];
  readonly values: readonly number[];
}

const SAMPLES = 512;
const SAMPLED_ROWS = 12;
const SAMPLED_COLUMNS = 8;

/** All places where there are no more than `count`, else so many, spread by the golden ratio. */
function spread(size: number, count: number): number[] {
  if (size <= count) return Array.from({ length: size }, (_, i) => i);
  return [...new Set(Array.from({ length: count }, (_, i) => Math.floor((i * 0.618_033_988_749_895 % 1) * size)))];
}

function productAt({ m, n, k, transposeA, transposeB, data }: ProductCase): Expected[] {
  const { a, b } = data();
  const places = spread(m * n, SAMPLES);
  const values = places.map((place) => {
    const [row, column] = [Math.floor(place / n), place % n];
    let sum = 0;
    for (let i = 0; i < k; i++) sum += a.data[transposeA ? i * m + row : row * k + i] * b.data[transposeB ? column * k + i : i * n + column];
    return sum;
  });
  return [{ output: 'out', places, values }];
}

type Row = readonly number[];

const total = (values: Row): number => values.reduce((sum, value) => sum + value, 0);

function softmaxOf(x: Row): number[] {
  const top = Math.max(...x);
  const powers = x.map((value) => Math.exp(value - top));
  const sum = total(powers);
  return powers.map((value) => value / sum);
}

/** Mean and 1/√(variance + eps) taken off and multiplied. */
function normalized(x: Row): { y: number[]; rstd: number } {
  const mean = total(x) / x.length;
  const rstd = 1 / Math.sqrt(total(x.map((value) => (value - mean) ** 2)) / x.length + 1e-5);
  return { y: x.map((value) => (value - mean) * rstd), rstd };
}

function rowsAt(work: RowsCase): Expected[] {
  const { rows, columns, op } = work;
  const { tensors: { x, cotangent, weight, bias }, labels } = work.data();
  const rowOf = (tensor: Float32Array, row: number): number[] => Array.from(tensor.subarray(row * columns, (row + 1) * columns));
  const sampled = spread(rows, SAMPLED_ROWS);
  const places = sampled.flatMap((row) => Array.from({ length: columns }, (_, column) => row * columns + column));
  const byRow = (output: string, compute: (values: number[], row: number) => number[]): Expected =>
    ({ output, places, values: sampled.flatMap((row) => compute(rowOf(x.data, row), row)) });
  const layerNorm = byRow('out', (values) => normalized(values).y.map((value, i) => value * weight.data[i] + bias.data[i]));
  switch (op) {
    case 'softmax': return [byRow('out', softmaxOf)];
    case 'softmax and gradient': return [byRow('out', softmaxOf), byRow('d x', (values, row) => {
      const y = softmaxOf(values);
      const given = rowOf(cotangent.data, row);
      const dot = total(y.map((value, i) => value * given[i]));
      return y.map((value, i) => value * (given[i] - dot));
    })];
    case 'layerNorm': return [layerNorm];
    case 'layerNorm and gradients': {
      const dx = byRow('d x', (values, row) => {
        const { y, rstd } = normalized(values);
        const given = rowOf(cotangent.data, row).map((value, i) => value * weight.data[i]);
        const [mean, slope] = [total(given) / columns, total(given.map((value, i) => value * y[i])) / columns];
        return given.map((value, i) => rstd * (value - mean - y[i] * slope));
      });
      const chosen = spread(columns, SAMPLED_COLUMNS);
      const sums = { weight: chosen.map(() => 0), bias: chosen.map(() => 0) };
      for (let row = 0; row < rows; row++) {
        const { y } = normalized(rowOf(x.data, row));
        chosen.forEach((column, i) => {
          const given = cotangent.data[row * columns + column];
          sums.weight[i] += given * y[column];
          sums.bias[i] += given;
        });
      }
      return [layerNorm, dx, { output: 'd weight', places: chosen, values: sums.weight }, { output: 'd bias', places: chosen, values: sums.bias }];
    }
    case 'crossEntropy and gradient': {
      let loss = 0;
      for (let row = 0; row < rows; row++) {
        const values = rowOf(x.data, row);
        const top = Math.max(...values);
        loss += top + Math.log(total(values.map((value) => Math.exp(value - top)))) - values[labels![row]];
      }
      return [
        { output: 'loss', places: [0], values: [loss / rows] },
        byRow('gradient', (values, row) => softmaxOf(values).map((value, i) => (value - (i === labels![row] ? 1 : 0)) / rows)),
      ];
    }
  }
}

/** What is known of a case's outputs; nothing for those that are held against chainrule's. */
export function expectedOf(work: Case): readonly Expected[] {
  return work.kind === 'product' ? productAt(work) : work.kind === 'rows' ? rowsAt(work) : [];
}
