import type { Formulas } from './formula.ts';
import { float } from './wgsl.ts';

/** Formulas that only requests over ranges ask for: of a normalisation whose sums are made before, where one kernel would make all. */
export const rangeFormulas = (): Formulas => ({
  squared: { operands: 0, argumentNames: ['x'], code: () => 'return x * x;' },
  inverseRoot: { operands: 0, argumentNames: ['x'], code: ([eps]) => `return inverseSqrt(x + ${float(eps!)});` },
  fromProduct: { operands: 2, argumentNames: ['x', 'a', 'b'], code: () => 'return a * b - x;' },
});
