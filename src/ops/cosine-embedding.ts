import { cosineEmbedding as kernel, type CosineEmbeddingSpec } from '../../shaders/cosine-embedding.wgsl.ts';
import { checkNumber, ShapeError } from '../errors.ts';
import { reductionOf } from './loss.ts';
import { asMatrix, map } from './map.ts';
import type { LibraryOp } from './op.ts';
import { sumAxes } from './reduce.ts';
import { type KernelFamily, perElement } from './request.ts';
import { sameShape, showShape, type Tensor } from './tensor.ts';

const family: KernelFamily<CosineEmbeddingSpec> = { name: 'cosineEmbedding', flops: perElement('a', 16), variants: [{ name: 'row', suits: () => true, kernel }] };

/** 1 − cos(a, b) for pairs of rows with target 1, max(0, cos(a, b) − margin) for those with target −1. */
export const cosineEmbedding: LibraryOp = {
  name: 'cosineEmbedding',
  group: 'loss',
  formula: 'out = mean of 1 - cos(a, b) where target is 1, max(0, cos(a, b) - margin) where it is -1',
  inputs: ['a', 'b', 'target'],
  constants: ['target'],
  options: ['margin', 'reduction'],
  shapes: ({ a, b, target }, options, who) => {
    if (a!.shape.length < 1 || !sameShape(a!.shape, b!.shape)) throw new ShapeError(who, 'two tensors [rows, features] of one shape', `${showShape(a!.shape)} and ${showShape(b!.shape)}`);
    const expected = a!.shape.slice(0, -1);
    if (target!.type !== 'f32' || !sameShape(target!.shape, expected)) throw new ShapeError(who, `f32 targets ${showShape(expected)}: 1 or -1 for each pair`, `${target!.type} ${showShape(target!.shape)}`);
    reductionOf(who, options);
    checkNumber(who, 'margin', options.margin ?? 0, { min: -1, max: 1 });
    return { out: [] };
  },
  saves: ({ a, b }) => ({ gradientA: a!.shape, gradientB: b!.shape }),
  forward: ({ inputs: { a, b, target }, outputs, saved, options, scratch }) => {
    const matrix = asMatrix(a!.shape);
    const scale = options.reduction === 'sum' ? 1 : 1 / matrix.rows;
    const rowLoss = scratch('rowLoss', [matrix.rows]);
    return [
      {
        family, spec: { ...matrix, scale, margin: Number(options.margin ?? 0) },
        reads: { a: a!, b: b!, expected: target! }, writes: { rowLoss, da: saved.gradientA!, db: saved.gradientB! },
      },
      ...sumAxes(rowLoss, [0], scale, outputs.out!),
    ];
  },
  backward: ({ gradients: { out: upstream }, saved, wanted }) => {
    const gradients: Readonly<Record<string, Tensor>> = { a: saved.gradientA!, b: saved.gradientB! };
    const names = Object.keys(gradients).filter((name) => wanted[name]);
    if (upstream!.constant === 1) return { requests: [], aliases: Object.fromEntries(names.map((name) => [name, gradients[name]])) };
    return { requests: names.map((name) => map(gradients[name]!, [{ formula: 'mul', operands: [upstream!] }], wanted[name]!)) };
  },
};
