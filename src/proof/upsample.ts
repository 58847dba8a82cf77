import { ROUNDING, UNIT_ROUNDOFF } from '../reference/rounding.ts';
import { sizeOf } from '../reference/tensor.ts';
import type { Shape } from '../reference/tensor.ts';
import { perAxis } from './convolution.ts';
import { withoutLastLane } from './mutants.ts';
import { planeMapProof } from './plane-map.ts';
import type { PlaneMap } from './plane-map.ts';
import type { Options, Proof, Sample } from './proof.ts';
import { normals } from './sample-data.ts';
import { FLAG, flagOf, matrixOf, sizesFrom } from './sizes.ts';

/** torch.nn.functional.interpolate with a scale factor, align_corners false: how much of each input is in an output, along one axis. */
function sharesAlong(size: number, scale: number, isBilinear: boolean): [to: number, from: number, weight: number][] {
  return Array.from({ length: size * scale }, (_, to): [number, number, number][] => {
    if (!isBilinear) return [[to, Math.floor(to / scale), 1]];
    const place = Math.max(0, (to + 0.5) / scale - 0.5);
    const first = Math.floor(place);
    return [[to, first, 1 - (place - first)], [to, Math.min(first + 1, size - 1), place - first]];
  }).flat();
}

function mapOf(x: Shape, options: Options): PlaneMap {
  const [rowScale, columnScale] = perAxis(options.scale, 1, 2, 1);
  const isBilinear = options.mode === 'bilinear';
  const [rows, columns] = [x[2] * rowScale, x[3] * columnScale];
  const map = { shape: [x[0], x[1], rows, columns], sizes: [x[2] * x[3], rows * columns] as const, from: [] as number[], to: [] as number[], weight: [] as number[] };
  const alongColumns = sharesAlong(x[3], columnScale, isBilinear);
  for (const [row, fromRow, rowWeight] of sharesAlong(x[2], rowScale, isBilinear)) {
    for (const [column, fromColumn, columnWeight] of alongColumns) {
      if (rowWeight * columnWeight === 0) continue;
      map.to.push(row * columns + column);
      map.from.push(fromRow * x[3] + fromColumn);
      map.weight.push(rowWeight * columnWeight);
    }
  }
  return map;
}

function sample(shape: Shape, options: Options): Sample {
  return { name: `[${shape.join(', ')}] ${JSON.stringify(options)}`, options, inputs: { x: normals(503 + sizeOf(shape), shape) } };
}

export const upsample2d: Proof = {
  // 1/(2 · scale) is rounded in the text, the same way for all elements of both axes; the rest are single roundings.
  ...planeMapProof(mapOf, () => Math.hypot(2 * UNIT_ROUNDOFF, 2 * ROUNDING)),
  samples: [
    sample([1, 1, 1, 1], { scale: 3 }),
    sample([2, 3, 4, 5], { scale: 2 }),
    sample([1, 2, 3, 17], { scale: [1, 4], mode: 'nearest' }),
    sample([1, 1, 1, 1], { scale: 2, mode: 'bilinear' }),
    sample([2, 3, 4, 5], { scale: 2, mode: 'bilinear' }),
    sample([1, 2, 5, 16], { scale: [3, 1], mode: 'bilinear' }),
    sample([1, 1, 2, 13], { scale: [5, 4], mode: 'bilinear' }),
    sample([3, 1, 7, 2], { scale: [1, 7], mode: 'bilinear' }),
  ],
  sizes: sizesFrom(
    { planes: [1, 3], rows: [1, 7], columns: [1, 19], rowScale: [1, 5], columnScale: [1, 5], bilinear: FLAG },
    ({ planes, rows, columns, rowScale, columnScale, bilinear }, seed) => ({
      options: { scale: [rowScale, columnScale], mode: bilinear ? 'bilinear' : 'nearest' }, inputs: { x: matrixOf(seed, 0, [1, planes, rows, columns]) },
    }),
    ({ options, inputs: { x } }) => {
      const [rowScale, columnScale] = perAxis(options.scale, 1, 2, 1);
      return x.shape[0] === 1 ? { planes: x.shape[1], rows: x.shape[2], columns: x.shape[3], rowScale, columnScale, bilinear: flagOf(options.mode === 'bilinear') } : undefined;
    },
  ),
  mutants: [
    { name: 'the first plane for all', kernel: /^upsample-nearest\/row/, find: 'x[start + (row', replace: 'x[(row', symptoms: ['formula'] },
    { name: 'every second column', kernel: /^upsample-nearest\/row/, find: 'column / 2u]', replace: 'column % 2u]', symptoms: ['formula'] },
    withoutLastLane(/^upsample-nearest\/row/),
    { name: 'the weights of the rows exchanged', kernel: /^upsample-bilinear\/row/, find: 'upper * (1.0 - farRow) + lower * farRow', replace: 'upper * farRow + lower * (1.0 - farRow)', symptoms: ['formula'] },
    { name: 'one neighbour twice', kernel: /^upsample-bilinear\/row/, find: 'min(firstColumnIn + 1u, ', replace: 'min(firstColumnIn, ', symptoms: ['formula'] },
    { name: 'corners aligned', kernel: /^upsample-bilinear\/row/, find: 'let atColumn = max(2u * column + 1u, ', replace: 'let atColumn = max(2u * column, ', symptoms: ['formula'] },
    withoutLastLane(/^upsample-bilinear\/row/),
    { name: 'only the last of its outputs', kernel: /^upsample-nearest-backward/, find: 'result += dout', replace: 'result = dout', symptoms: ['reduction'] },
    { name: 'the first output left out', kernel: /^upsample-nearest-backward/, find: 'var y = row', replace: 'var y = 1u + row', symptoms: ['reduction'] },
    withoutLastLane(/^upsample-nearest-backward/),
    { name: 'no weights along the rows', kernel: /^upsample-bilinear-backward/, find: 'result += share * ', replace: 'result += ', symptoms: ['formula'] },
    { name: 'only the last of its outputs, weighted', kernel: /^upsample-bilinear-backward/, find: 'result += share', replace: 'result = share', symptoms: ['reduction'] },
    { name: 'the gradient of the first plane for all', kernel: /^upsample-bilinear-backward/, find: 'dout[start + y', replace: 'dout[y', symptoms: ['formula'] },
    withoutLastLane(/^upsample-bilinear-backward/),
  ],
  conventions: [],
};
