import { createTensor, multiply, type Request } from 'chainrule/kernels';
import type { ProductCase } from '../../cases/case.ts';
import type { Running } from '../contestant.ts';
import { replaying } from './replay.ts';

export function product({ m, n, transposeA, transposeB, data }: ProductCase): Promise<Running> {
  const given = data();
  const [a, b, out] = [createTensor('a', given.a.shape), createTensor('b', given.b.shape), createTensor('out', [m, n])];
  return replaying([multiply({ transposeA, transposeB }, a, b, out) as unknown as Request], new Map([[a, given.a.data], [b, given.b.data]]), { out });
}
