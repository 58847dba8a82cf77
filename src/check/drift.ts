import { checkNumber, checkOptionNames, OptionError } from '../errors.ts';
import type { Shape } from '../ops/tensor.ts';
import type { Snapshot } from '../program/graph.ts';
import { proofs as allProofs } from '../proof/index.ts';
import type { Inputs, Proof } from '../proof/proof.ts';
import { DEFAULT_ROUNDING } from '../reference/rounding.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { analyticGradients, gradientOf } from './analytic.ts';
import type { Checkable, CheckBatch } from './check-gradients.ts';
import { checkConsistent, evaluate } from './point.ts';
import type { Proofs } from './point.ts';

/** How far the gradient of one parameter is from that of exact arithmetic. */
export interface TensorDrift {
  readonly name: string;
  readonly shape: Shape;
  /** ‖GPU − reference‖ / ‖reference‖; 0 where both are 0, and NaN or ∞ where the GPU's is not finite. */
  readonly relative: number;
  /** What roundings that are independent of each other would come to, those to f16 among them: √(Σ variances) / ‖reference‖. */
  readonly expected: number;
  /** ⟨GPU, reference⟩ / (‖GPU‖ ‖reference‖): 1 where they point the same way. */
  readonly cosine: number;
}

export interface DriftOptions {
  /** The examples to differentiate at. Default: the trainer's choice. */
  readonly batch?: CheckBatch;
  readonly batchSize?: number;
  /** The largest `relative` of any parameter that passes, > 0. Default 0.01. */
  readonly limit?: number;
  /** Proofs of your own ops by their names, beside the library's. */
  readonly proofs?: Proofs;
}

/**
 * What mixed precision is allowed: one rounding to f16 errs by 2^-11 = 0.0005 at most, a gradient is behind a few of them in each layer, and
 * units beside a kink may take the other side.
 */
const LIMIT = 0.01;

/** The deviation of one rounding to f16, relative and near 0, as ROUNDING is that of one to f32. */
const [HALF_ROUNDING, HALF_LEAST] = [0.6 * 2 ** -11, 0.6 * 2 ** -25];

/** What `gradientDrift` found. */
export class DriftReport {
  readonly adapter: string;
  readonly precision: 'float32' | 'mixed';
  /** What the loss was multiplied by: gradients were compared with as much. */
  readonly scale: number;
  readonly limit: number;
  readonly tensors: readonly TensorDrift[];
  /** Of all gradients as one vector. */
  readonly all: Omit<TensorDrift, 'name' | 'shape'>;

  constructor({ adapter, precision, scale, limit, tensors, all }: Pick<DriftReport, 'adapter' | 'precision' | 'scale' | 'limit' | 'tensors' | 'all'>) {
    this.adapter = adapter;
    this.precision = precision;
    this.scale = scale;
    this.limit = limit;
    this.tensors = tensors;
    this.all = all;
  }

  /** Whether no parameter's gradient is further off than the limit. */
  get passed(): boolean {
    return this.tensors.length > 0 && this.tensors.every(({ relative }) => relative <= this.limit);
  }

  toString(): string {
    const row = (name: string, { relative, expected, cosine }: DriftReport['all']): string => `  ${name}: ${relative.toExponential(2)} (expected ${expected.toExponential(2)}), cosine ${cosine.toFixed(8)}`;
    return [
      `gradient drift ${this.passed ? 'within' : 'beyond'} the limit of ${this.limit} (${this.precision}, loss scale ${this.scale}, ${this.adapter})`,
      row('all', this.all), ...this.tensors.map((tensor) => row(`${tensor.name} [${tensor.shape.join(', ')}]`, tensor)),
    ].join('\n');
  }
}

/**
 * Says how far the gradients of a net are from those of exact arithmetic: of a trainer of mixed precision, where `checkGradients` can prove no
 * element by the tolerance of float32, and of any other to compare with. One forward and backward pass on the GPU, one in float64 at the same
 * weights and examples. Proves nothing by itself: kernels are proven in float32, and with operands that f16 holds, one by one.
 * Throws OptionError for bad options and DataError where values are not finite.
 */
export async function gradientDrift(trainer: Checkable, options: DriftOptions = {}): Promise<DriftReport> {
  const who = 'gradientDrift';
  checkOptionNames(who, options, ['batch', 'batchSize', 'limit', 'proofs']);
  const { batch, batchSize, limit = LIMIT } = options;
  checkNumber(who, 'limit', limit, { above: 0 });
  if (batch !== undefined && batchSize !== undefined) throw new OptionError(who, 'batch or batchSize', 'both');
  return driftOf(await trainer.snapshot({ ...(batch ? { batch } : {}), ...(batchSize === undefined ? {} : { batchSize }) }), limit, { ...allProofs, ...options.proofs });
}

/** The drift of a snapshot's gradients. */
export function driftOf(snapshot: Snapshot, limit = LIMIT, proofs: Proofs = allProofs): DriftReport {
  checkConsistent(snapshot);
  const rounding = { ...DEFAULT_ROUNDING, kinkWidth: 1 };
  const rounded = roundedProofs(snapshot, proofs);
  // The branches of exact arithmetic: a unit that rounding sent to the other side of its kink is drift, too.
  const point = evaluate(snapshot, rounding, rounded, false);
  const gradients = analyticGradients(snapshot, point, rounding, rounded);
  const total = new Sums();
  const tensors = snapshot.graph.tensors.filter(({ id, role, frozen }) => role === 'parameter' && !frozen && snapshot.gradients[id]).map(({ id, name, shape }): TensorDrift => {
    const own = new Sums();
    own.add(snapshot.gradients[id], gradientOf(gradients, snapshot, id));
    total.merge(own);
    return { name, shape, ...own.drift };
  });
  return new DriftReport({ adapter: snapshot.adapter, precision: snapshot.precision ?? 'float32', scale: snapshot.seeds[0]?.cotangent[0] ?? 1, limit, tensors, all: total.drift });
}

/** What a drift is computed from. */
class Sums {
  #difference = 0;
  #reference = 0;
  #gpu = 0;
  #both = 0;
  #variance = 0;

  add(gpu: Float32Array, { value, variance }: RefTensor): void {
    gpu.forEach((number, i) => {
      this.#difference += (number - value[i]) ** 2;
      this.#reference += value[i] ** 2;
      this.#gpu += number ** 2;
      this.#both += number * value[i];
      this.#variance += variance[i];
    });
  }

  merge(other: Sums): void {
    this.#difference += other.#difference;
    this.#reference += other.#reference;
    this.#gpu += other.#gpu;
    this.#both += other.#both;
    this.#variance += other.#variance;
  }

  get drift(): DriftReport['all'] {
    const relativeTo = (squared: number): number => (squared === 0 ? 0 : Math.sqrt(squared / this.#reference));
    const isZero = this.#reference === 0 && this.#gpu === 0;
    return { relative: relativeTo(this.#difference), expected: relativeTo(this.#variance), cosine: isZero ? 1 : this.#both / Math.sqrt(this.#gpu * this.#reference) };
  }
}

/** The proofs, with the rounding of operands in the variances of every op of which a launch read f16. */
function roundedProofs({ graph, launches }: Snapshot, proofs: Proofs): Proofs {
  const halved = new Set(launches.filter(({ kernel }) => /\/f16 (?!out$)/.test(kernel)).map(({ label }) => label.slice(0, label.lastIndexOf('.'))));
  const names = new Set(graph.nodes.filter(({ label }) => halved.has(label)).map(({ op }) => op));
  return { ...proofs, ...Object.fromEntries([...names].filter((name) => Object.hasOwn(proofs, name)).map((name) => [name, withRoundedOperands(proofs[name])])) };
}

function withRoundedOperands(proof: Proof): Proof {
  const all = (inputs: Inputs): Inputs => Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, rounded(tensor)]));
  return {
    ...proof,
    forward: (inputs, ...rest) => proof.forward(all(inputs), ...rest),
    backward: (inputs, out, dout, ...rest) => proof.backward(all(inputs), out, rounded(dout), ...rest),
  };
}

/** The same numbers, known to be rounded to f16 where they are read. */
function rounded({ shape, value, variance }: RefTensor): RefTensor {
  return { shape, value, variance: variance.map((own, i) => own + (HALF_ROUNDING * value[i]) ** 2 + (value[i] === 0 ? 0 : HALF_LEAST ** 2)) };
}
