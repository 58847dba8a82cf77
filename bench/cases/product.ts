import { Random } from '../harness/random.ts';
import type { ProductCase } from './case.ts';

const FORMS = { nn: [false, false], nt: [false, true], tn: [true, false] } as const;

function product(name: string, m: number, n: number, k: number, form: keyof typeof FORMS, large: boolean): ProductCase {
  const [transposeA, transposeB] = FORMS[form];
  return {
    kind: 'product', name, m, n, k, transposeA, transposeB, flops: 2 * m * n * k, bytes: 4 * (m * k + k * n + m * n), ...(large ? { large } : {}),
    data: () => {
      const random = new Random(m + 3 * n + 7 * k);
      return { a: random.uniform(transposeA ? [k, m] : [m, k]), b: random.uniform(transposeB ? [n, k] : [k, n]) };
    },
  };
}

const squares = [256, 512, 1024, 2048, 4096].flatMap((size) => (['nn', 'nt', 'tn'] as const).map((form) => product(`matmul ${size} ${form}`, size, size, size, form, size > 1024)));

/** Square products in every form, and the gradient of a weight, which sums over all places of a batch of sequences. */
export const products: readonly ProductCase[] = [...squares, product('matmul dW 128×512, k 4096', 128, 512, 4096, 'tn', false)];
