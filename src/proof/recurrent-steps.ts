import { added, multiplied } from '../reference/arithmetic.ts';
import { twoArmed, twoArmedBackward, positive } from '../reference/branched.ts';
import { mapped, mappedBackward } from '../reference/curve.ts';
import { matrix, product } from '../reference/product.ts';
import type { Rounding } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { sigmoidCurve, tanhCurve } from './curves.ts';
import type { RULES } from './recurrent-change.ts';

// The steps of recurrent nets in float64, row by row of their definitions. Every tensor here is [batch, hidden].

/** What one step leaves for its gradient. */
export interface Step {
  /** The state before it and after it: h, and for an LSTM c. */
  readonly before: readonly RefTensor[];
  readonly after: readonly RefTensor[];
  /** The gates before their functions: the input's part and the state's part, added where the cell adds them. */
  readonly pre: readonly RefTensor[];
  /** What kernels save of it: the gates, for a GRU also the state's part of the candidate. */
  readonly gates: readonly RefTensor[];
  readonly branches?: Uint8Array;
}

/** The gradients that one step gives: to its input's part of each gate, to the state's part, and to the state before it except through the weight. */
export interface StepGradient {
  readonly input: readonly RefTensor[];
  readonly hidden: readonly RefTensor[];
  readonly before: readonly RefTensor[];
  /** What kernels save for the step before: dc of an LSTM, dh of a GRU. */
  readonly kept?: RefTensor;
}

/** One kind of cell. `x` and `a` are the input's and the state's part of each gate. */
export interface Cell {
  /** Its rule on plain numbers. */
  readonly rule: keyof typeof RULES;
  readonly gates: number;
  readonly states: number;
  step(x: readonly RefTensor[], a: readonly RefTensor[], before: readonly RefTensor[], rounding: Rounding, branches?: Uint8Array): Step;
  back(step: Step, dafter: readonly RefTensor[], rounding: Rounding): StepGradient;
}

/** 1 − x. */
const complement = (x: RefTensor): RefTensor => added({ ...x, value: x.value.map(() => 1), variance: x.variance.map(() => 0) }, x, -1);

export const elman: Cell = {
  rule: 'elman', gates: 1, states: 1,
  step: ([x], [a], before, { builtins }) => {
    const pre = added(x, a);
    return { before, pre: [pre], gates: [], after: [mapped(pre, tanhCurve(builtins))] };
  },
  back: ({ pre: [pre], before: [h] }, [dh], { builtins }) => {
    const dpre = mappedBackward(pre, dh, tanhCurve(builtins));
    return { input: [dpre], hidden: [dpre], before: [zeros(h.shape)] };
  },
};

export const elmanRelu: Cell = {
  rule: 'elmanRelu', gates: 1, states: 1,
  step: ([x], [a], before, rounding, given) => {
    const pre = added(x, a);
    const branches = given ?? positive(pre);
    return { before, pre: [pre], gates: [], branches, after: [twoArmed(pre, branches, 0, rounding)] };
  },
  back: ({ pre: [pre], before: [h], branches }, [dh], rounding) => {
    const dpre = twoArmedBackward(pre, dh, branches ?? positive(pre), 0, rounding);
    return { input: [dpre], hidden: [dpre], before: [zeros(h.shape)] };
  },
};

export const gruCell: Cell = {
  rule: 'gru', gates: 3, states: 1,
  step: (x, a, before, { builtins }) => {
    const pre = [added(x[0], a[0]), added(x[1], a[1])];
    const [reset, update] = pre.map((one) => mapped(one, sigmoidCurve(builtins)));
    const inner = added(x[2], multiplied(reset, a[2]));
    const candidate = mapped(inner, tanhCurve(builtins));
    return {
      before, pre: [...pre, inner], gates: [reset, update, candidate, a[2]],
      after: [added(multiplied(complement(update), candidate), multiplied(update, before[0]))],
    };
  },
  back: ({ before: [h], pre, gates: [reset, update, candidate, a] }, [dh], { builtins }) => {
    const dinner = mappedBackward(pre[2], multiplied(dh, complement(update)), tanhCurve(builtins));
    const dreset = mappedBackward(pre[0], multiplied(dinner, a), sigmoidCurve(builtins));
    const dupdate = mappedBackward(pre[1], multiplied(dh, added(h, candidate, -1)), sigmoidCurve(builtins));
    return { input: [dreset, dupdate, dinner], hidden: [dreset, dupdate, multiplied(dinner, reset)], before: [multiplied(dh, update)], kept: dh };
  },
};

export const lstmCell: Cell = {
  rule: 'lstm', gates: 4, states: 2,
  step: (x, a, before, { builtins }) => {
    const pre = x.map((one, gate) => added(one, a[gate]));
    const gates = pre.map((one, gate) => mapped(one, gate === 2 ? tanhCurve(builtins) : sigmoidCurve(builtins)));
    const [input, forget, candidate, output] = gates;
    const c = added(multiplied(forget, before[1]), multiplied(input, candidate));
    return { before, pre, gates, after: [multiplied(output, mapped(c, tanhCurve(builtins))), c] };
  },
  back: ({ before: [h, c], pre, gates: [input, forget, candidate, output], after }, [dh, dcAfter], { builtins }) => {
    const sigmoid = sigmoidCurve(builtins);
    const dc = added(dcAfter, mappedBackward(after[1], multiplied(dh, output), tanhCurve(builtins)));
    const gradients = [
      mappedBackward(pre[0], multiplied(dc, candidate), sigmoid), mappedBackward(pre[1], multiplied(dc, c), sigmoid),
      mappedBackward(pre[2], multiplied(dc, input), tanhCurve(builtins)), mappedBackward(pre[3], multiplied(dh, mapped(after[1], tanhCurve(builtins))), sigmoid),
    ];
    return { input: gradients, hidden: gradients, before: [zeros(h.shape), multiplied(dc, forget)], kept: dc };
  },
};

/** Numbers `from` to `from + count` of each row of [rows, width]. */
export function columns(x: RefTensor, rows: number, width: number, from: number, count: number): RefTensor {
  const out = zeros([rows, count]);
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < count; j++) {
      out.value[row * count + j] = x.value[row * width + from + j];
      out.variance[row * count + j] = x.variance[row * width + from + j];
    }
  }
  return out;
}

/** Puts [rows, count] parts one beside the other. */
export function beside(parts: readonly RefTensor[]): RefTensor {
  const [rows, count] = parts[0].shape;
  const out = zeros([rows, count * parts.length]);
  parts.forEach((part, index) => {
    for (let row = 0; row < rows; row++) {
      for (let j = 0; j < count; j++) {
        out.value[(row * parts.length + index) * count + j] = part.value[row * count + j];
        out.variance[(row * parts.length + index) * count + j] = part.variance[row * count + j];
      }
    }
  });
  return out;
}

/** h · weightᵀ [batch, gates · hidden] with the bias, gate by gate. */
export function stateParts(h: RefTensor, weight: RefTensor, bias: RefTensor | undefined, gates: number): RefTensor[] {
  const [batch, hidden] = h.shape;
  const all = product(matrix(h, batch, hidden), matrix(weight, gates * hidden, hidden, true), [batch, gates * hidden]);
  return Array.from({ length: gates }, (_, gate) => {
    const own = columns(all, batch, gates * hidden, gate * hidden, hidden);
    if (!bias) return own;
    const wide = zeros(own.shape);
    for (let i = 0; i < wide.value.length; i++) {
      wide.value[i] = bias.value[gate * hidden + i % hidden];
      wide.variance[i] = bias.variance[gate * hidden + i % hidden];
    }
    return added(own, wide);
  });
}

