import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { wgsl } from './wgsl.ts';

export interface SquaredNormSpec {
  /** Elements; a multiple of 4. */
  readonly count: number;
  /** Lanes, each with a sum of its own, ≤ count / 4. */
  readonly partials: number;
}

/** partials[lane] = Σ x² over every `partials`-th group of four: neighbouring lanes read neighbouring memory, always in the same order. */
export function squaredNorm({ count, partials }: SquaredNormSpec): Kernel {
  return laneKernel({
    name: 'squared-norm',
    formula: 'partials[lane] = Σ over i of x[4 (lane + lanes · i) …+3]²',
    declarations: [
      { name: 'x', access: 'read', type: arrayType(count, true) },
      { name: 'partials', access: 'write', type: arrayType(partials) },
    ],
    count: partials,
    body: wgsl`
var total = vec4f(0.0);
  for (var i = lane; i < ${count / 4}u; i += ${partials}u) {
    total += x[i] * x[i];
  }
  partials[lane] = (total.x + total.y) + (total.z + total.w);`,
  });
}
