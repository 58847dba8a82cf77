import { IS_NOT_A_NUMBER } from './folds.wgsl.ts';
import type { Kernel } from './kernel.ts';
import { elementLoss, elementLossTarget, type LossSpec } from './loss.wgsl.ts';
import { float } from './wgsl.ts';

/** Mean squared error. */
export function mse(spec: LossSpec): Kernel {
  return elementLoss(spec, {
    name: 'mse',
    formula: 'loss = (x - t)²; slope = 2 · (x - t)',
    body: `
      let error = x - t;
      let loss = error * error;
      let slope = 2.0 * error;`,
  });
}

/** Mean absolute error; where input and target are equal the slope is 0. */
export function mae(spec: LossSpec): Kernel {
  return elementLoss(spec, {
    name: 'mae',
    formula: 'loss = |x - t|; slope = sign(x - t)',
    body: `
      let error = x - t;
      let loss = abs(error);
      // Not sign, which may make a number of NaN.
      let slope = select(select(error, -1.0, error < 0.0), 1.0, error > 0.0);`,
  });
}

export interface HuberSpec extends LossSpec {
  readonly delta: number;
}

/** A parabola that goes on as straight lines from ±delta. */
export function huber(spec: HuberSpec): Kernel {
  const delta = float(spec.delta);
  return elementLoss(spec, {
    name: 'huber',
    formula: `e = x - t; loss = e²/2 where |e| ≤ ${spec.delta}, else ${spec.delta} · (|e| - ${spec.delta}/2); slope = e cut to ±${spec.delta}`,
    body: `
      let error = x - t;
      let size = abs(error);
      let loss = select(${delta} * (size - ${float(spec.delta / 2)}), 0.5 * error * error, size <= ${delta});
      // Selects, not clamp: NaN stays NaN.
      let slope = select(select(error, -${delta}, error < -${delta}), ${delta}, error > ${delta});`,
  });
}

export interface HingeSpec extends LossSpec {
  readonly margin: number;
}

/** What a support vector machine minimises; exactly at the margin the slope is 0. */
export function hinge(spec: HingeSpec): Kernel {
  return elementLoss(spec, {
    name: 'hinge',
    formula: `loss = max(0, ${spec.margin} - t · x); slope = -t where that is > 0, else 0`,
    body: `
      let missing = ${float(spec.margin)} - t * x;
      // Selects, not max: NaN stays NaN.
      let loss = select(missing, 0.0, missing <= 0.0);
      let slope = select(select(missing, -t, missing > 0.0), 0.0, missing <= 0.0);`,
  });
}

export function hingeTarget(spec: HingeSpec): Kernel {
  return elementLossTarget(spec, {
    name: 'hinge',
    formula: `slope = -x where ${spec.margin} - t · x > 0, else 0`,
    body: `let slope = select(-x, 0.0, ${float(spec.margin)} - t * x <= 0.0);`,
  });
}

export interface KlDivSpec extends LossSpec {
  readonly logTarget: boolean;
}

/** Kullback-Leibler divergence of the target from e^x. A target probability of 0 adds nothing, as t · log(t) → 0, also for x = -∞; but NaN. */
export function klDiv(spec: KlDivSpec): Kernel {
  return elementLoss(spec, spec.logTarget ? {
    name: 'kl-div-log',
    formula: 'loss = e^t · (t - x); slope = -e^t',
    body: `
      let probability = exp(t);
      let loss = probability * (t - x);
      let slope = -probability;`,
  } : {
    name: 'kl-div',
    formula: 'loss = t · (log(t) - x) where t > 0, else 0; slope = -t',
    functions: IS_NOT_A_NUMBER.trim(),
    body: `
      let isImpossible = t <= 0.0;
      let loss = select(t * (log(select(t, 1.0, isImpossible)) - x), select(0.0, x, isNotANumber(x)), isImpossible);
      let slope = select(-t, 0.0, isImpossible);`,
  });
}

export function klDivTarget(spec: KlDivSpec): Kernel {
  return elementLossTarget(spec, spec.logTarget ? {
    name: 'kl-div-log', formula: 'slope = e^t · (t - x + 1)', body: 'let slope = exp(t) * (t - x + 1.0);',
  } : {
    name: 'kl-div',
    formula: 'slope = log(t) + 1 - x where t > 0, else 0',
    body: `
      let isImpossible = t <= 0.0;
      let slope = select(log(select(t, 1.0, isImpossible)) + 1.0 - x, 0.0, isImpossible);`,
  });
}

export interface BceSpec extends LossSpec {
  /** Factors of the terms: one for all, or one for each place of the last axis. */
  readonly weight?: readonly number[];
  /** Factors of the terms of t = 1, in the same way. */
  readonly posWeight?: readonly number[];
}

/** The number of each element: a literal where there is one for all. */
function perColumn(name: string, values: readonly number[]): { functions: string; value: string } {
  if (values.length === 1) return { functions: '', value: float(values[0]!) };
  return {
    functions: `const ${name} = array<f32, ${values.length}>(${values.map(float).join(', ')});`,
    value: `${name}[at % ${values.length}u]`,
  };
}

function bceParts({ weight, posWeight }: BceSpec): { functions: string; weight?: string; posWeight?: string } {
  const [w, p] = [weight && perColumn('weights', weight), posWeight && perColumn('posWeights', posWeight)];
  return {
    functions: [w, p].flatMap((part) => (part?.functions ? [part.functions] : [])).join('\n'),
    ...(w ? { weight: w.value } : {}), ...(p ? { posWeight: p.value } : {}),
  };
}

/** Binary cross-entropy. The form max(x, 0) - x·t + log(1 + e^-|x|) overflows nowhere. */
export function bceWithLogits(spec: BceSpec): Kernel {
  const { functions, weight, posWeight } = bceParts(spec);
  const times = weight === undefined ? '' : `${weight} * `;
  const wrap = (text: string): string => (times ? `${times}(${text})` : text);
  if (posWeight === undefined) {
    return elementLoss(spec, {
      name: 'bce-with-logits', functions,
      formula: `loss = ${wrap('max(x, 0) - x·t + log(1 + e^-|x|)')}; slope = ${wrap('sigmoid(x) - t')}`,
      body: `
        let e = exp(-abs(x));
        let loss = ${wrap('max(x, 0.0) - x * t + log(1.0 + e)')};
        let s = 1.0 / (1.0 + e);
        let slope = ${wrap('select(e * s, s, x >= 0.0) - t')};`,
    });
  }
  return elementLoss(spec, {
    name: 'bce-with-logits-weighted', functions,
    formula: `p = posWeight
loss = ${wrap('(1 - t) · softplus(x) + p · t · softplus(-x)')}
slope = ${wrap('(1 - t) · sigmoid(x) - p · t · sigmoid(-x)')}`,
    body: `
      let positive = ${posWeight} * t;
      let e = exp(-abs(x));
      let tail = log(1.0 + e);
      let loss = ${wrap('(1.0 - t) * (max(x, 0.0) + tail) + positive * (max(-x, 0.0) + tail)')};
      let near = 1.0 / (1.0 + e);
      let far = e * near;
      let slope = ${wrap('(1.0 - t) * select(far, near, x >= 0.0) - positive * select(near, far, x >= 0.0)')};`,
  });
}

export function bceWithLogitsTarget(spec: BceSpec): Kernel {
  const { functions, weight, posWeight } = bceParts(spec);
  const times = weight === undefined ? '' : `${weight} * `;
  return elementLossTarget(spec, {
    name: 'bce-with-logits', functions,
    formula: `slope = ${times ? 'weight · ' : ''}${posWeight === undefined ? '-x' : '(posWeight · softplus(-x) - softplus(x))'}`,
    body: posWeight === undefined ? `let slope = ${times}-x;` : `
      let tail = log(1.0 + exp(-abs(x)));
      let slope = ${times}(${posWeight} * (max(-x, 0.0) + tail) - (max(x, 0.0) + tail));`,
  });
}
