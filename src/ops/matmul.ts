import { matmulTiled } from '../../shaders/matmul-tiled.wgsl.ts';
import { matmulRegister, type MatmulSpec } from '../../shaders/matmul.wgsl.ts';
import { ShapeError } from '../errors.ts';
import { graftAfter, graftBefore } from './elementwise.ts';
import { flag, type Op, type Options } from './op.ts';
import { reduceFamily } from './reduce.ts';
import { hasFamily, type KernelFamily, type Request } from './request.ts';
import { showShape, type Tensor } from './tensor.ts';

/** Below this many multiplications a product is over before a larger block of registers pays for itself. */
const SMALL = 1 << 20;

export const matmulFamily: KernelFamily<MatmulSpec> = {
  name: 'matmul',
  variants: [
    {
      name: 'tiled',
      suits: ({ m, n, k }, { adapterClass }) => adapterClass === 'gpu' && m >= 32 && n >= 32 && m * n * k >= SMALL,
      kernel: matmulTiled,
    },
    { name: 'register', suits: ({ m, n, k }) => m >= 4 && m * n * k >= SMALL, kernel: (spec) => matmulRegister(spec, 4, 'register') },
    // A transposed a is stored along m: four rows of it come with one load, so they are used.
    { name: 'small', suits: () => true, kernel: (spec) => matmulRegister(spec, spec.transposeA ? 4 : 1, 'small') },
  ],

  absorbConsumer(request, tensor, consumer, keep) {
    const { spec } = request;
    if (request.writes.out!.id !== tensor.id) return undefined;
    const grafted = graftAfter(consumer, tensor, spec.m, spec.n, request, keep, spec.epilogue);
    if (!grafted) return undefined;
    return {
      ...request, spec: { ...spec, epilogue: grafted.steps },
      reads: { ...request.reads, ...grafted.reads }, writes: { ...request.writes, ...grafted.writes, out: consumer.writes.out! },
    };
  },

  absorbProducer(request, tensor, producer) {
    const { m, n, k, transposeA, transposeB } = request.spec;
    let result: Request<MatmulSpec> = request;
    for (const side of ['a', 'b'] as const) {
      if (request.reads[side]!.id !== tensor.id) continue;
      const prologue = side === 'a' ? 'prologueA' : 'prologueB';
      if (result.spec[prologue].length > 0) return undefined;
      const [rows, columns] = side === 'a' ? (transposeA ? [k, m] : [m, k]) : (transposeB ? [n, k] : [k, n]);
      const grafted = graftBefore(producer, rows, columns, result);
      if (!grafted) return undefined;
      result = { ...result, spec: { ...result.spec, [prologue]: grafted.steps }, reads: { ...result.reads, ...grafted.reads, [side]: grafted.x } };
    }
    // The tensor may also stand in a chain, which can't make it.
    return Object.values(result.reads).some(({ id }) => id === tensor.id) ? undefined : result;
  },

  absorbSibling(request, sibling) {
    const { spec } = request;
    if (!hasFamily(sibling, reduceFamily) || spec.rowSums || !spec.transposeA || sibling.reads.x!.id !== request.reads.a!.id) return undefined;
    const { outer, size, inner, scale } = sibling.spec;
    if (outer !== 1 || size !== spec.k || inner !== spec.m || scale !== 1) return undefined;
    return { ...request, spec: { ...spec, rowSums: true }, writes: { ...request.writes, rowSums: sibling.writes.out! } };
  },
};

/** out[m, n] = A · B, with A = aᵀ or B = bᵀ where said. Leading axes are folded into rows. */
export function multiply(
  { transposeA = false, transposeB = false }: { transposeA?: boolean; transposeB?: boolean }, a: Tensor, b: Tensor, out: Tensor,
): Request<MatmulSpec> {
  const columnsA = a.shape[a.shape.length - 1]!;
  const rowsA = a.shape.slice(0, -1).reduce((product, dimension) => product * dimension, 1);
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const columnsB = b.shape[b.shape.length - 1]!;
  const rowsB = b.shape.slice(0, -1).reduce((product, dimension) => product * dimension, 1);
  const n = transposeB ? rowsB : columnsB;
  return {
    family: matmulFamily,
    spec: { m, n, k, transposeA, transposeB, epilogue: [], prologueA: [], prologueB: [], rowSums: false },
    reads: { a, b },
    writes: { out },
  };
}

const flags = (options: Options, who = 'matmul'): { ta: boolean; tb: boolean } =>
  ({ ta: flag(who, options, 'transposeA'), tb: flag(who, options, 'transposeB') });

export const matmul: Op = {
  name: 'matmul',
  families: [matmulFamily],
  inputs: ['a', 'b'],
  options: ['transposeA', 'transposeB'],
  shapes: ({ a, b }, options, who) => {
    const { ta, tb } = flags(options, who);
    const [k, otherK] = [a!.shape[ta ? 0 : 1], b!.shape[tb ? 1 : 0]];
    if (a!.shape.length !== 2 || b!.shape.length !== 2 || k !== otherK) {
      throw new ShapeError(who, `${ta ? '[k, m]' : '[m, k]'} and ${tb ? '[n, k]' : '[k, n]'}`, `a ${showShape(a!.shape)} and b ${showShape(b!.shape)}`);
    }
    return { out: [a!.shape[ta ? 1 : 0]!, b!.shape[tb ? 0 : 1]!] };
  },
  forward: ({ inputs: { a, b }, outputs, options }) => {
    const { ta, tb } = flags(options);
    return [multiply({ transposeA: ta, transposeB: tb }, a!, b!, outputs.out!)];
  },
  // C = A·B: dA = dC·Bᵀ and dB = Aᵀ·dC; where an operand is stored transposed, its gradient is the transpose of that.
  backward: ({ inputs: { a, b }, gradients: { out: dout }, wanted, options }) => {
    const { ta, tb } = flags(options);
    return {
      requests: [
        ...(wanted.a ? [ta ? multiply({ transposeA: tb, transposeB: true }, b!, dout!, wanted.a) : multiply({ transposeB: !tb }, dout!, b!, wanted.a)] : []),
        ...(wanted.b ? [tb ? multiply({ transposeA: true, transposeB: ta }, dout!, a!, wanted.b) : multiply({ transposeA: !ta }, a!, dout!, wanted.b)] : []),
      ],
    };
  },
};
