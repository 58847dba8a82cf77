import type { Formula } from './formula.ts';
import { float } from './wgsl.ts';

const row = (operands: string, code: Formula['code']): Formula => {
  const argumentNames = operands.split(' ');
  return { operands: argumentNames.length - 1, argumentNames, code };
};

/** The gradients of reductions, element by element: dout, y and what a fold gave besides are broadcast over the folded axes. */
export const REDUCTION_FORMULAS: Readonly<Record<string, Formula>> = {
  /** max and min: those that share the value share the gradient. */
  extremumBackward: /* @__PURE__ */ row('dout x y ties', () => 'return select(Value(0.0), dout / ties, x == y);'),
  logSumExpBackward: /* @__PURE__ */ row('dout x y', () => 'return dout * exp(x - y);'),
  /** d/dx Σ (x - mean)² = 2 · (x - mean): what the mean changes cancels in the sum. */
  varianceBackward: /* @__PURE__ */ row('dout x mean', ([factor]) => `return dout * (${float(factor!)} * (x - mean));`),
  /** √(Σ x²); the subgradient at 0 is 0. */
  norm2Backward: /* @__PURE__ */ row('dout x y', () => 'return select(dout * (x / y), Value(0.0), y == Value(0.0));'),
  /** max |x|, shared like that of max. */
  normInfinityBackward: /* @__PURE__ */ row('dout x y ties', () => 'return select(Value(0.0), dout / ties * sign(x), abs(x) == y);'),
};
