import { dropout } from './dropout.wgsl.ts';
import * as rows from './formula-rows.wgsl.ts';
import { bringing, knownFormulas, type Formulas } from './formula.ts';
import { rangeFormulas } from './range-formulas.wgsl.ts';
import { REDUCTION_FORMULAS } from './reduction-formulas.wgsl.ts';

export { HELPERS } from './helpers.wgsl.ts';
export type { Formula } from './formula.ts';

/** Every formula by name. Whoever imports it may name all of them. */
export const FORMULAS: Formulas = /* @__PURE__ */ (() => {
  for (const make of Object.values(rows)) bringing(make(), undefined);
  bringing({ ...REDUCTION_FORMULAS, ...dropout(), ...rangeFormulas() }, undefined);
  return knownFormulas();
})();
