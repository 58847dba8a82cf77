import { arrayType, laneKernel, workgroupKernel, type Kernel } from './kernel.ts';
import { float, wgsl } from './wgsl.ts';

// The loss scale of mixed precision: gradients are computed of scale · loss, so that small ones do not vanish in f16.

/** What the state of a loss scale holds, in order: f32 each. */
export const LOSS_SCALE_FIELDS = ['scale', 'goodSteps', 'skippedSteps', 'isGood'] as const;

/** Where kernels read the state. */
export const lossScaleType = arrayType(LOSS_SCALE_FIELDS.length);

/** The largest and the smallest scale: powers of two far from the ends of f32. */
const [MOST, LEAST] = [2 ** 64, 2 ** -64];

export interface UnscaleSpec {
  /** Elements of the arena; a multiple of 4. */
  readonly count: number;
  /** Lanes, each with a sum of its own, ≤ count / 4. */
  readonly partials: number;
}

/** gradients /= scale; partials[lane] = Σ of their squares over every `partials`-th group of four, as squaredNorm adds them. */
export function unscale({ count, partials }: UnscaleSpec): Kernel {
  return laneKernel({
    name: 'unscale',
    formula: 'gradients /= scale; partials[lane] = Σ over i of gradients[4 (lane + lanes · i) …+3]²',
    declarations: [
      { name: 'lossScale', access: 'read', type: lossScaleType },
      { name: 'gradients', access: 'update', type: arrayType(count, true) },
      { name: 'partials', access: 'write', type: arrayType(partials) },
    ],
    count: partials,
    body: wgsl`
let factor = 1.0 / lossScale[0];
  var total = vec4f(0.0);
  for (var i = lane; i < ${count / 4}u; i += ${partials}u) {
    let gradient = gradients[i] * factor;
    gradients[i] = gradient;
    total += gradient * gradient;
  }
  partials[lane] = (total.x + total.y) + (total.z + total.w);`,
  });
}

export interface AdjustLossScaleSpec {
  /** How many partial sums of squares there are. */
  readonly partials: number;
  readonly growthFactor: number;
  readonly backoffFactor: number;
  readonly growthInterval: number;
}

/** Lanes of the one workgroup that adds the partial sums. */
const ADDING_LANES = 64;

/**
 * squaredNorm = Σ partials, and what the scale is from the next step on. Where the norm is finite the step is good: after `growthInterval` of
 * them in a row scale *= growthFactor. Else scale *= backoffFactor, and one step more is skipped.
 */
export function adjustLossScale({ partials, growthFactor, backoffFactor, growthInterval }: AdjustLossScaleSpec): Kernel {
  return workgroupKernel({
    name: 'adjust-loss-scale',
    formula: `squaredNorm = Σ partials; lossScale = [${LOSS_SCALE_FIELDS.join(', ')}] after a step with this norm`,
    declarations: [
      { name: 'partials', access: 'read', type: arrayType(partials) },
      { name: 'squaredNorm', access: 'write', type: arrayType(1) },
      { name: 'lossScale', access: 'update', type: lossScaleType },
    ],
    functions: `var<workgroup> sums: array<f32, ${ADDING_LANES}>;`,
    workgroupSize: ADDING_LANES,
    count: 1,
    body: wgsl`
var sum = 0.0;
  for (var i = lane; i < ${partials}u; i += ${ADDING_LANES}u) {
    sum += partials[i];
  }
  sums[lane] = sum;
  workgroupBarrier();
  if (lane == 0u && group == 0u) {
    var total = 0.0;
    for (var i = 0u; i < ${Math.min(partials, ADDING_LANES)}u; i++) {
      total += sums[i];
    }
    squaredNorm[0] = total;
    // By its bits: WGSL may take it for granted that there are neither NaN nor infinity.
    if ((bitcast<u32>(total) & 0x7f800000u) == 0x7f800000u) {
      lossScale[0] = max(lossScale[0] * ${float(backoffFactor)}, ${float(LEAST)});
      lossScale[1] = 0.0;
      lossScale[2] += 1.0;
      lossScale[3] = 0.0;
    } else {
      let goodSteps = lossScale[1] + 1.0;
      let grows = goodSteps >= ${float(growthInterval)};
      lossScale[0] = select(lossScale[0], min(lossScale[0] * ${float(growthFactor)}, ${float(MOST)}), grows);
      lossScale[1] = select(goodSteps, 0.0, grows);
      lossScale[3] = 1.0;
    }
  }`,
  });
}
