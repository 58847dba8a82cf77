import type { Contestant } from '../contestant.ts';
import { predict } from './predict.ts';
import { product } from './product.ts';
import { rows } from './rows.ts';
import { train } from './training.ts';

const contestant = (peer: 'jax' | 'jax-eager'): Contestant => {
  const jitted = peer === 'jax';
  return {
    peer,
    start: (work) => {
      switch (work.kind) {
        case 'product': return product(work, jitted);
        case 'rows': return rows(work);
        case 'training': return train(work, jitted);
        case 'predict': return predict(work, jitted);
      }
    },
  };
};

/** Whatever a case computes under one jit: the library's best mode. */
export const jax = contestant('jax');
/** The same functions without jit. */
export const jaxEager = contestant('jax-eager');
