// Large tensors: Gaussian directions in place of a difference of every element.

import { checkSnapshot } from '../../src/check/check-snapshot.ts';
import { directionOf } from '../../src/check/directions.ts';
import type { Snapshot } from '../../src/program/graph.ts';
import { proofs } from '../../src/proof/index.ts';
import type { Proof } from '../../src/proof/proof.ts';
import { mlp } from '../unit/simulated-gpu.ts';
import { expect, expectSame } from './expect.ts';
import { runNet } from './snapshots.ts';
import type { Case } from './suite.ts';

/** A net whose first weight has 1,200 elements. */
function wideNet(): Snapshot {
  const { net, loss } = mlp(4, 3, [30, 40, 2], 'tanh', 'mse');
  return { ...runNet(net, [{ tensor: loss }]), launches: [] };
}

/** linear whose hand-written gradient of a [40, 30] weight errs by these amounts at these elements. */
const wrongAt = (errors: ReadonlyMap<number, number>): Readonly<Record<string, Proof>> => ({
  ...proofs,
  linear: {
    ...proofs.linear,
    backward: (...call) => {
      const found = proofs.linear.backward(...call);
      if (found.weight?.value.length !== 1200) return found;
      const value = found.weight.value.slice();
      for (const [at, error] of errors) value[at] += error;
      return { ...found, weight: { ...found.weight, value } };
    },
  },
});

const moment = (values: Float32Array, power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / values.length;

export const coverageCases: readonly Case[] = [
  {
    name: 'directions certify a right reference, and state what they may miss',
    run: () => {
      const report = checkSnapshot(wideNet(), { coverage: 'directions' });
      expectSame([report.passed, report.checked, report.total], [true, report.total, report.total], 'passed, checked');
      const { coverage } = report.tensors[0];
      const directions = coverage?.directions;
      expect(coverage?.method === 'directions' && directions !== undefined && coverage.differenced > 8 && coverage.differenced < 100, 'directions and some elements', coverage);
      // erf(1/(25·√2)) is 0.0319: the probability that a normal number is within a 25th of its deviation.
      const one = 2 / Math.sqrt(2 * Math.PI) / 25;
      expect(Math.abs((directions?.miss ?? 1) / one ** (directions?.count ?? 0) - 1) < 0.01, `P(miss) = ${one}^n`, directions);
      expect((directions?.miss ?? 1) < 1e-9 && (directions?.count ?? 0) >= 6, 'P(miss) below 1e-9', directions);
      expect(Math.abs((directions?.detectable ?? 0) / (directions?.tolerance ?? 1) - 25) < 1e-9, '25 τ', directions);
      expect((directions?.worst ?? 2) < 1, 'the right reference within τ', directions);
    },
  },
  {
    name: 'directions see an error of 25 τ wherever it is, also where errors cancel in a sum',
    run: () => {
      const snapshot = wideNet();
      const size = checkSnapshot(snapshot, { coverage: 'directions' }).tensors[0].coverage?.directions?.detectable ?? NaN;
      const pair = size / Math.SQRT2;
      for (const errors of [[[701, size]], [[400, pair], [401, -pair]], [[777, pair], [900, -pair]], [[123, -pair], [1001, -pair]]] as const) {
        const report = checkSnapshot(snapshot, { coverage: 'directions', proofs: wrongAt(new Map(errors)) });
        expectSame([report.passed, report.verdict], [false, 'reference-suspect'], `errors ${JSON.stringify(errors)}`);
      }
    },
  },
  {
    name: 'directions are normal deviates, each different, for each tensor anew',
    run: () => {
      const all = [[0, 0], [0, 1], [0, 6], [3, 0], [3, 1]].map(([id, number]) => directionOf(id, number, 4000));
      for (const direction of all) {
        expect(Math.abs(moment(direction, 1)) < 0.08 && Math.abs(moment(direction, 2) - 1) < 0.12 && Math.abs(moment(direction, 4) - 3) < 0.6, 'the moments of a normal distribution', [1, 2, 4].map((power) => moment(direction, power)));
      }
      for (let a = 0; a < all.length; a++) {
        for (let b = 0; b < a; b++) {
          const inner = all[a].reduce((sum, value, i) => sum + value * all[b][i], 0) / 4000;
          expect(Math.abs(inner) < 0.08, 'independent directions', inner);
        }
      }
    },
  },
  {
    name: 'every element of the GPU is compared, also where directions certify the reference',
    run: () => {
      const wrong = wideNet();
      const [id] = Object.keys(wrong.gradients).map(Number);
      for (const at of [0, 701, 1199]) wrong.gradients[id][at] += 1e-4;
      const report = checkSnapshot(wrong, { coverage: 'directions' });
      expectSame([report.verdict, report.tensors[0].failed], ['fail', 3], 'verdict and wrong elements');
    },
  },
];
