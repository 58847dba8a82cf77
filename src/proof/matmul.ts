import type { Shape } from '../reference/tensor.ts';
import { batchedChange, batchedGradients, batchedProduct, batchesOf, complexBatchedProduct } from './product-batch.ts';
import { productChange } from './product-change.ts';
import { subgroupMutants } from './mutants.ts';
import type { Options, Proof, Sample } from './proof.ts';
import { filled, normals } from './sample-data.ts';
import { FLAG, flagOf, matrixOf, sizesFrom } from './sizes.ts';

/**
 * C = A·B over the last two axes, where A is stored [..., m, k], or [..., k, m] with `transposeA`, and B [..., k, n], or [..., n, k] with
 * `transposeB`; the axes before them broadcast, and one axis alone is a vector: torch.matmul.
 */
export const matmul: Proof = {
  differentiable: ['a', 'b'],
  forward: ({ a, b }, options) => batchedProduct(a, b, batchesOf(a.shape, b.shape, options)),
  backward: ({ a, b }, _out, dout, options) => batchedGradients(a, b, dout, batchesOf(a.shape, b.shape, options)),

  work({ a, b }, options) {
    const { count, m, n, k } = batchesOf(a, b, options);
    return count * m * n * k;
  },

  complex: ({ a, b }, options) => complexBatchedProduct(a, b, batchesOf(a.shape, b.shape, options)),

  perturb({ inputs: { a, b }, out, options }) {
    const batches = batchesOf(a.shape, b.shape, options);
    const change = batches.count === 1 ? productChange({ site: a, ...batches.a }, { site: b, ...batches.b }, out) : batchedChange(a, b, out, batches);
    return () => {
      out.change.count = 0;
      change();
    };
  },

  samples: [
    sample([1, 1], [1, 1]),
    sample([2, 3], [3, 5]),
    sample([15, 16], [16, 17]),
    sample([17, 13], [13, 7], { transposeA: false, transposeB: false }),
    sample([5, 11], [5, 19], { transposeA: true }),
    sample([13, 7], [11, 7], { transposeB: true }),
    sample([3, 17], [23, 3], { transposeA: true, transposeB: true }),
    sample([63, 2], [2, 65]),
    sample([3, 257], [257, 5]),
    sample([67, 5], [67, 17], { transposeA: true }),
    sample([7, 64], [71, 64], { transposeB: true }),
    sample([8, 12], [12, 16]),
    sample([64, 3], [3, 64]),
    sample([6, 6], [6, 6]),
    sample([2, 5, 7], [2, 7, 3]),
    sample([2, 5, 7], [7, 3]),
    sample([3, 1, 4, 5], [2, 5, 6]),
    sample([5, 3], [2, 2, 3, 4], { transposeB: false }),
    sample([2, 3, 8, 4], [3, 8, 12], { transposeA: true }),
    sample([3, 1, 9, 5], [1, 2, 6, 9], { transposeA: true, transposeB: true }),
    sample([3, 17, 5], [3, 16, 5], { transposeB: true }),
    sample([7], [2, 7, 5]),
    sample([2, 3, 7], [7]),
    sample([11], [11]),
    {
      name: 'zero rows and columns',
      options: {},
      inputs: {
        a: filled([19, 31], (i) => (Math.floor(i / 31) % 4 === 1 ? 0 : ((i * 37) % 101 - 50) / 32)),
        b: filled([31, 18], (i) => (i % 18 === 5 ? 0 : ((i * 53) % 89 - 44) / 64)),
      },
    },
    {
      // Each row picks one row of b: every place along k, its tiles and remainders stands alone once.
      name: 'one factor in each row, at every place along k',
      options: {},
      inputs: { a: filled([37, 37], (i) => (i % 37 === Math.floor(i / 37) * 7 % 37 ? 1 + i / 512 : 0)), b: normals(67, [37, 6]) },
    },
    {
      name: 'terms that cancel',
      options: { transposeB: true },
      inputs: { a: filled([3, 66], (i) => (i % 2 ? -1 : 1) * (1000 + i % 7)), b: filled([5, 66], (i) => 1 + (i % 11) / 4096) },
    },
  ],
  sizes: sizesFrom(
    // `batchA`, `batchB`: matrices that only a, only b has (0: no such axis); `batch`: matrices that both have.
    { m: [1, 67], k: [1, 259], n: [1, 67], batch: [0, 3], batchA: [0, 2], batchB: [0, 2], transposeA: FLAG, transposeB: FLAG, zeros: FLAG },
    ({ m, k, n, batch, batchA, batchB, transposeA, transposeB, zeros }, seed) => {
      const isBatched = batch + batchA + batchB > 0;
      const before = isBatched ? [Math.max(batch, 1), Math.max(batchA, 1), 1] : [];
      const beforeB = isBatched ? [Math.max(batch, 1), 1, Math.max(batchB, 1)] : [];
      return {
        options: { transposeA: transposeA === 1, transposeB: transposeB === 1 },
        inputs: {
          a: matrixOf(seed, 0, [...before, ...(transposeA ? [k, m] : [m, k])], zeros),
          b: matrixOf(seed, 1, [...beforeB, ...(transposeB ? [n, k] : [k, n])], zeros),
        },
      };
    },
    ({ options, inputs: { a, b } }) => {
      if (a.shape.length !== 2 || b.shape.length !== 2) return undefined;
      const transposeA = flagOf(options.transposeA);
      const transposeB = flagOf(options.transposeB);
      return { m: a.shape[transposeA], k: a.shape[1 - transposeA], n: b.shape[1 - transposeB], transposeA, transposeB };
    },
  ),
  mutants: [
    { name: 'a product left out', kernel: /\/small/, find: 'sum0 += a0.x * b0;', replace: '', symptoms: ['reduction'] },
    { name: 'the first four of k left out', kernel: /\/small/, find: 'for (var k = 0u;', replace: 'for (var k = 4u;', symptoms: ['reduction'] },
    { name: 'the second column of four never stored at the edge', kernel: /\/(short|small)/, find: 'if (column + 1u < ', replace: 'if (column + 2u < ', symptoms: ['unwritten', 'edge'] },
    { name: 'b read as if it were not transposed', kernel: /-nt\/small/, find: 'load_b(column, k)', replace: 'load_b(k, column)', symptoms: ['transposed', 'formula'] },
    { name: 'a row of b used twice', kernel: /-nn\/small/, find: 'load_b(k + 1u, column)', replace: 'load_b(k, column)', symptoms: ['formula'] },
    { name: 'a column of a used twice', kernel: /-tn\/small/, find: 'load_a(k + 1u, row)', replace: 'load_a(k, row)', symptoms: ['formula'] },
    { name: 'results one row too far down', kernel: /\/(short|small)/, find: 'let index = row * ', replace: 'let index = (row + 1u) * ', symptoms: ['unwritten', 'formula'] },
    { name: 'beyond the edge is always the last column', kernel: /\/(short|small)/, find: 'min(column + 1u, ', replace: 'max(column + 1u, ', symptoms: ['formula'] },
    { name: 'k counted once too often', kernel: /\/(register|split)/, find: 'sum0 += a0.x * b0;', replace: 'sum0 += 2.0 * a0.x * b0;', symptoms: ['reduction', 'formula'] },
    { name: 'the fourth row of a block never stored at the edge', kernel: /\/(register|split)/, find: 'if (row + 3u < ', replace: 'if (row + 4u < ', symptoms: ['unwritten', 'edge'] },
    { name: 'the wrong row of a', kernel: /-n.\/register/, find: 'load_a(min(row + 1u, ', replace: 'load_a(min(row + 2u, ', symptoms: ['formula'] },
    { name: 'rows of a block exchanged', kernel: /\/(register|split)/, find: 'column, sum1)', replace: 'column, sum2)', symptoms: ['formula'] },
    { name: 'tiles used before all lanes have filled them', kernel: /\/tiled/, find: '    workgroupBarrier();\n    for (var depth', replace: '    for (var depth', symptoms: ['reduction', 'formula'] },
    { name: 'tiles overwritten while they are read', kernel: /\/tiled/, find: 'still reads.\n    workgroupBarrier();', replace: 'still reads.', symptoms: ['reduction', 'formula'] },
    { name: 'every second tile along k', kernel: /\/tiled/, find: 'k += 16u', replace: 'k += 32u', symptoms: ['reduction'] },
    { name: 'beyond the end of k repeats the last step', kernel: /-nt\/tiled/, find: ' && k + depth', replace: ' || k + depth', symptoms: ['reduction'] },
    { name: 'a row of the tile too short', kernel: /\/tiled/, find: 'tileB[depth * 65u + laneColumn + 1u]', replace: 'tileB[depth * 64u + laneColumn + 1u]', symptoms: ['formula'] },
    { name: 'the third row of a lane twice', kernel: /\/tiled/, find: 'fourA.w * fourB', replace: 'fourA.z * fourB', symptoms: ['formula'] },
    { name: 'only the first column of tiles', kernel: /\/tiled/, find: 'column, sum0)', replace: 'column % 64u, sum0)', symptoms: ['unwritten', 'edge'] },
    { name: 'every second step of four along k', kernel: /\/small/, find: 'k += 4u', replace: 'k += 8u', symptoms: ['reduction'] },
    { name: 'every second step along k', kernel: /\/short/, find: 'k += 1u', replace: 'k += 2u', symptoms: ['reduction'] },
    { name: 'a factor off by a thousandth', kernel: /\/(short|small)/, find: 'column, sum0)', replace: 'column, 1.001 * sum0)', symptoms: ['factor', 'formula'] },
    { name: 'adds to what is there', kernel: /\/(short|small)/, find: '[index] = value.x;', replace: '[index] += value.x;', symptoms: ['garbage', 'unwritten'] },
    { name: 'one column in four is zero', kernel: /\/(short|small)/, find: '[index + 1u] = value.y;', replace: '[index + 1u] = 0.0;', symptoms: ['zero-block'] },
    { name: 'the second row of a block never stored at the edge', kernel: /\/(register|split)/, find: 'if (row + 1u < ', replace: 'if (row + 2u < ', symptoms: ['unwritten', 'edge'] },
    { name: 'the last columns of a tile never stored', kernel: /\/tiled/, find: 'if (column < ', replace: 'if (column + 4u < ', symptoms: ['unwritten', 'edge'] },
    { name: 'one step of a tile left out', kernel: /\/tiled/, find: 'for (var depth = 0u;', replace: 'for (var depth = 1u;', symptoms: ['reduction'] },
    { name: 'every product reads the first matrix of b', kernel: /\/small/, find: 'load_b(startB, ', replace: 'load_b(0u, ', symptoms: ['formula'] },
    { name: 'every product reads the first matrix of a', kernel: /\/register/, find: 'load_a(startA, ', replace: 'load_a(0u, ', symptoms: ['formula'] },
    { name: 'every product of tiles reads the first matrix of b', kernel: /\/tiled/, find: 'load_b(startB, ', replace: 'load_b(0u, ', symptoms: ['formula'] },
    { name: 'a gradient without the first of its products', kernel: /\/small/, find: 'for (var term = 0u;', replace: 'for (var term = 1u;', symptoms: ['reduction'] },
    { name: 'a gradient of tiles without the first of its products', kernel: /\/tiled/, find: 'for (var term = 0u;', replace: 'for (var term = 1u;', symptoms: ['reduction'] },
    { name: 'all products in the first one\'s place', kernel: /\/(short|small)/, find: 'firstRow + row', replace: 'row', symptoms: ['unwritten', 'formula'] },
    { name: 'all products of tiles in the first one\'s place', kernel: /\/tiled/, find: 'firstRow + row', replace: 'row', symptoms: ['unwritten', 'formula'] },
    { name: 'the lower rows of a high lane from the upper ones', kernel: /\/tiled-128/, find: 'laneRow + 64u + 1u]', replace: 'laneRow + 1u]', symptoms: ['formula'] },
    { name: 'the right columns of a wide lane from the left ones', kernel: /\/tiled-128x128/, find: 'right1 += fourA.y * fourB1', replace: 'right1 += fourA.y * fourB', symptoms: ['formula'] },
    { name: 'a small tile loads three quarters of itself', kernel: /\/tiled-32x32/, find: 'load < 4u', replace: 'load < 3u', symptoms: ['formula', 'reduction'] },
    { name: 'every slice of a split product in the first one\'s place', kernel: /-tn\/split/, find: 'firstRow + row', replace: 'row', symptoms: ['unwritten', 'formula', 'reduction', 'garbage'] },
    { name: 'every slice of a split product from the first steps along k', kernel: /-tn\/split/, find: 'load_a(startA, ', replace: 'load_a(0u, ', symptoms: ['formula', 'reduction'] },
    { name: 'a quad leaves products out', kernel: /-n.\/quad/, find: ' sum1 += a1 * columns;', replace: '', symptoms: ['reduction'] },
    { name: 'a quad leaves every fourth product out', kernel: /-t.\/quad/, find: 'sum1 += vec4f(a0.y, a1.y, a2.y, a3.y)', replace: 'sum1 += vec4f(a0.y, a1.y, a2.y, 0.0)', symptoms: ['reduction'] },
    { name: 'rows exchanged with the wrong neighbour', kernel: /-n.\/quad/, find: 'let a1 = quadSwapX(a0);', replace: 'let a1 = quadSwapY(a0);', symptoms: ['formula'] },
    { name: 'steps along k exchanged with the wrong neighbour', kernel: /-t.\/quad/, find: 'let a2 = quadSwapY(a0);', replace: 'let a2 = quadSwapDiagonal(a0);', symptoms: ['formula'] },
    { name: 'a quad without the first four of k', kernel: /\/quad/, find: 'for (var k = 0u;', replace: 'for (var k = 1u;', symptoms: ['reduction'] },
    { name: 'every lane of a quad stores the same row', kernel: /-n.\/quad/, find: 'store_out(firstOfPart + place1, ', replace: 'store_out(firstOfPart + place0, ', symptoms: ['unwritten', 'formula'] },
    { name: 'a row of a quad\'s tile in another\'s place', kernel: /-t.\/quad/, find: 'select(sum1, sum5, ', replace: 'select(sum2, sum5, ', symptoms: ['formula'] },
    { name: 'the second half of a quad\'s tile stored from the first', kernel: /\/quad/, find: 'isLower = part >= ', replace: 'isLower = part > ', symptoms: ['formula'] },
    { name: 'lanes at the edge of a quad never store', kernel: /\/quad/, find: 'wantedFour < ', replace: 'wantedFour + 1u < ', symptoms: ['unwritten', 'edge'] },
    { name: 'the columns of b turned the wrong way', kernel: /-nt\/quad/, find: 'mat4x4f(column0, column1,', replace: 'mat4x4f(column1, column0,', symptoms: ['formula'] },
    { name: 'the rows of b turned the wrong way', kernel: /-nn\/quad/, find: 'vec4f(b0.x, b1.x,', replace: 'vec4f(b1.x, b0.x,', symptoms: ['formula'] },
    { name: 'the right columns of a wide quad from the left ones', kernel: /-n.\/quad-wide/, find: 'a1 * rightColumns', replace: 'a1 * columns', symptoms: ['formula'] },
    { name: 'the right columns of a wide quad never stored', kernel: /\/quad-wide/, find: 'wantedFour + 4u < ', replace: 'wantedFour + 8u < ', symptoms: ['unwritten', 'edge'] },
    { name: 'steps of both transposed not in the order of the lane', kernel: /-tt\/quad/, find: 'let b1 = select(pair1, pair3, isHigh);', replace: 'let b1 = pair1;', symptoms: ['formula'] },
    { name: 'every product of quads reads the first matrix of b', kernel: /\/quad/, find: 'b[startB + ', replace: 'b[', symptoms: ['formula'] },
    { name: 'lanes that share k all take the same steps', kernel: /\/gemv/, find: 'var k = slice * 4u', replace: 'var k = slice * 0u', symptoms: ['reduction', 'formula', 'factor'] },
    { name: 'lanes that share k do not wait for each other', kernel: /\/gemv/, find: 'workgroupBarrier();', replace: '', symptoms: ['reduction', 'formula'] },
    { name: 'the last block that lanes share never stored', kernel: /\/gemv/, find: 'if (slice == 0u && block < ', replace: 'if (slice == 0u && block + 1u < ', symptoms: ['unwritten', 'edge'] },
    { name: 'what other lanes have of a row left out', kernel: /\/gemv$/, find: 'sum0 += sum0Lanes[other];', replace: '', symptoms: ['reduction', 'formula', 'zero-block'] },
    ...subgroupMutants(/-nt\/gemv-subgroup$/, ['reduction', 'formula', 'zero-block'], 'other', 'subgroupAdd(sum0Whole)'),
    { name: 'a gradient of quads without the first of its products', kernel: /\/quad/, find: 'for (var term = 0u;', replace: 'for (var term = 1u;', symptoms: ['reduction'] },
  ],
  conventions: [],
};

function sample(a: Shape, b: Shape, options: Options = {}): Sample {
  const flags = `${options.transposeA ? ' transposeA' : ''}${options.transposeB ? ' transposeB' : ''}`;
  return {
    name: `[${a.join(', ')}] · [${b.join(', ')}]${flags}`,
    options,
    inputs: { a: normals(31 + a[0], a), b: normals(57 + b[b.length - 1], b) },
  };
}
