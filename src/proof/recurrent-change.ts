import { addDelta } from './change.ts';
import type { Place, Site } from './proof.ts';

/** One kind of cell on plain numbers: how many gates and states it has, and what a unit becomes. */
export interface CellRule {
  readonly gates: number;
  readonly states: number;
  /**
   * The new state of one unit: `x` and `a` hold the input's and the state's part of each gate, `h` and `c` the state before. It writes h into
   * `next[0]`, c into `next[1]`. `isOn` says on which side of its kink the unit lies.
   */
  unit(x: Float64Array, a: Float64Array, h: number, c: number, next: Float64Array, isOn: boolean): void;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export const RULES: Readonly<Record<'elman' | 'elmanRelu' | 'gru' | 'lstm', CellRule>> = {
  elman: { gates: 1, states: 1, unit: (x, a, _h, _c, next) => { next[0] = Math.tanh(x[0] + a[0]); } },
  elmanRelu: { gates: 1, states: 1, unit: (x, a, _h, _c, next, isOn) => { next[0] = isOn ? x[0] + a[0] : 0; } },
  gru: {
    gates: 3, states: 1,
    unit: (x, a, h, _c, next) => {
      const update = sigmoid(x[1] + a[1]);
      next[0] = (1 - update) * Math.tanh(x[2] + sigmoid(x[0] + a[0]) * a[2]) + update * h;
    },
  },
  lstm: {
    gates: 4, states: 2,
    unit: (x, a, _h, c, next) => {
      next[1] = sigmoid(x[1] + a[1]) * c + sigmoid(x[0] + a[0]) * Math.tanh(x[2] + a[2]);
      next[0] = sigmoid(x[3] + a[3]) * Math.tanh(next[1]);
    },
  },
};

/**
 * What a sparse change does: the rows of the batch that it reaches run again, from the first step that it reaches, without variances.
 * A weight or a bias reaches all of them.
 */
export function recurrentChange({ gates, states, unit }: CellRule, { inputs, out, options, branches }: Place): () => void {
  const { x, weight, bias, initialHidden, initialCell } = inputs as Place['inputs'] & { readonly bias?: Site; readonly initialHidden?: Site; readonly initialCell?: Site };
  const [batch, time] = x.shape;
  const hidden = weight.shape[1];
  const isReverse = options.reverse === true;
  const sites = [x, weight, bias, initialHidden, initialCell].filter((site) => site !== undefined);
  const moved = new Map(sites.map((site) => [site, site.value.slice()]));
  const [xs, weights, offsets] = [moved.get(x)!, moved.get(weight)!, bias && moved.get(bias)!];
  const initial = [initialHidden, initialCell].map((site) => site && moved.get(site)!);
  const start = new Int32Array(batch);
  const [state, after] = [new Float64Array(2 * hidden), new Float64Array(2 * hidden)];
  const [own, fromState, next] = [new Float64Array(gates), new Float64Array(gates), new Float64Array(2)];

  /** Where the states of a row stand in `out` after a step. */
  const placeOf = (row: number, step: number): number => row * time + (isReverse ? time - 1 - step : step);

  function runRow(row: number): void {
    for (let part = 0; part < states; part++) {
      for (let j = 0; j < hidden; j++) {
        state[part * hidden + j] = start[row] > 0 ? out.value[(placeOf(row, start[row] - 1) * states + part) * hidden + j] : initial[part]?.[row * hidden + j] ?? 0;
      }
    }
    for (let step = start[row]; step < time; step++) {
      const at = placeOf(row, step);
      for (let j = 0; j < hidden; j++) {
        for (let gate = 0; gate < gates; gate++) {
          const r = gate * hidden + j;
          let sum = offsets ? offsets[r] : 0;
          for (let k = 0; k < hidden; k++) sum += weights[r * hidden + k] * state[k];
          fromState[gate] = sum;
          own[gate] = xs[at * gates * hidden + r];
        }
        unit(own, fromState, state[j], state[hidden + j], next, branches?.[at * hidden + j] === 1);
        for (let part = 0; part < states; part++) {
          const i = (at * states + part) * hidden + j;
          after[part * hidden + j] = next[part];
          if (next[part] !== out.value[i]) addDelta(out.change, i, next[part] - out.value[i]);
        }
      }
      state.set(after);
    }
  }

  return () => {
    out.change.count = 0;
    start.fill(weight.change.count > 0 || (bias?.change.count ?? 0) > 0 ? 0 : time);
    for (const site of sites) {
      const { change, value } = site;
      const values = moved.get(site)!;
      for (let k = 0; k < change.count; k++) values[change.index[k]] = value[change.index[k]] + change.delta[k];
    }
    for (let k = 0; k < x.change.count; k++) {
      const at = Math.floor(x.change.index[k] / (gates * hidden));
      const row = Math.floor(at / time);
      const step = isReverse ? time - 1 - at % time : at % time;
      start[row] = Math.min(start[row], step);
    }
    for (const site of [initialHidden, initialCell]) {
      for (let k = 0; k < (site?.change.count ?? 0); k++) start[Math.floor(site!.change.index[k] / hidden)] = 0;
    }
    for (let row = 0; row < batch; row++) if (start[row] < time) runRow(row);
    for (const site of sites) {
      const values = moved.get(site)!;
      for (let k = 0; k < site.change.count; k++) values[site.change.index[k]] = site.value[site.change.index[k]];
    }
  };
}
