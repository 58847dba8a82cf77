import type { Peer } from '../contestants/contestant.ts';
import type { Case } from './case.ts';
import { predictions } from './predict.ts';
import { products } from './product.ts';
import { overAllRows } from './rows.ts';
import { trainings } from './training.ts';

/** Every case, in the order of the table. */
export const cases: readonly Case[] = [...trainings, ...predictions, ...products, ...overAllRows];

export function caseNamed(name: string): Case {
  const found = cases.find((one) => one.name === name);
  if (!found) throw new Error(`bench: needs a case among ${cases.map((one) => one.name).join(', ')}, got ${JSON.stringify(name)}.`);
  return found;
}

/**
 * Who takes part in a case. jax-js without jit only where it is plain to see what jit is worth; onnxruntime-web computes no gradients.
 */
export function peersOf(work: Case): readonly Peer[] {
  const common = ['chainrule', 'tfjs', 'jax'] as const;
  switch (work.kind) {
    case 'training': return work.net.type === 'mlp' ? [...common, 'jax-eager'] : common;
    case 'predict': return [...common, 'jax-eager', 'onnxruntime'];
    case 'product': return work.m === 512 ? [...common, 'jax-eager'] : common;
    case 'rows': return common;
  }
}
