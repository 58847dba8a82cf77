import type { Formula, Formulas } from './formula.ts';
import { float } from './wgsl.ts';

// Formulas that only requests over ranges ask for: what one kernel does in several readings is a chain for each there.

/** Where the weight of a gradient stands: nowhere, before the sums, or behind them, where all of a group have the same. */
export type Weighting = 'Plain' | 'Weighted' | 'Scaled';

/** dx = rstd · (g - (y · product + sum) / n), y = (x - mean) · rstd, of the sums of g and of g · y over a group of n. */
function gradientFormula(centred: boolean, weighting: Weighting): Formula {
  const [isWeighted, isScaled] = [weighting === 'Weighted', weighting === 'Scaled'];
  const argumentNames = ['x', ...(centred ? ['mean'] : []), 'rstd', 'product', ...(centred ? ['sum'] : []), 'dout', ...(isWeighted || isScaled ? ['weight'] : [])];
  return {
    argumentNames, operands: argumentNames.length - 1,
    code: ([share]) => `return rstd${isScaled ? ' * weight' : ''} * (dout${isWeighted ? ' * weight' : ''} - (${centred ? '(x - mean)' : 'x'} * rstd * product${centred ? ' + sum' : ''}) * ${float(share!)});`,
  };
}

/** The name of a gradient's formula. */
export const gradientName = (centred: boolean, weighting: Weighting): string => `normalization${centred ? '' : 'Uncentred'}${weighting}Backward`;

/** The formulas of a normalisation whose sums are made before. */
export const rangeFormulas = (): Formulas => ({
  squared: { operands: 0, argumentNames: ['x'], code: () => 'return x * x;' },
  inverseRoot: { operands: 0, argumentNames: ['x'], code: ([eps]) => `return inverseSqrt(x + ${float(eps!)});` },
  ...Object.fromEntries([true, false].flatMap((centred) => (['Plain', 'Weighted', 'Scaled'] as const).map((weighting) => [gradientName(centred, weighting), gradientFormula(centred, weighting)]))),
});
