import type { Contestant } from '../contestant.ts';
import { predict } from './predict.ts';
import { product } from './product.ts';
import { rows } from './rows.ts';
import { train } from './training.ts';

export const tfjs: Contestant = {
  peer: 'tfjs',
  start: (work) => {
    switch (work.kind) {
      case 'product': return product(work);
      case 'rows': return rows(work);
      case 'training': return train(work);
      case 'predict': return predict(work);
    }
  },
};
