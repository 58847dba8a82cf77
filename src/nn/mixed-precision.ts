import { adjustLossScale, LOSS_SCALE_FIELDS, unscale, type AdjustLossScaleSpec, type UnscaleSpec } from '../../shaders/loss-scale.wgsl.ts';
import { checkNumber, checkOptionNames, DataError, OptionError, show } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import { map } from '../ops/map.ts';
import type { KernelFamily, Request } from '../ops/request.ts';
import type { Tensor } from '../ops/tensor.ts';
import { halve, type Halve } from '../program/halve.ts';
import type { Extension } from '../program/plan.ts';
import { rangesOf } from './extra-launches.ts';
import { arenaFamily } from './optimizers/optimizer.ts';
import { partialsOf } from './optimizers/squared-norm.ts';
import { LOSS_SCALE } from './step-extras.ts';
import type { LossScaleState } from './step-report.ts';

// What a step of mixed precision does beside others: loaded by those who compile one.

/** How the loss scale changes: as PyTorch's GradScaler, with its defaults. */
export interface LossScaleOptions {
  /** The scale at the start, > 0 and ≤ 2^64. Default 65536. */
  readonly initial?: number;
  /** What the scale is multiplied by after `growthInterval` good steps in a row, ≥ 1. Default 2. */
  readonly growthFactor?: number;
  /** What it is multiplied by where a gradient is infinite or NaN, in (0, 1). Default 0.5. */
  readonly backoffFactor?: number;
  /** An integer ≥ 1. Default 2000. */
  readonly growthInterval?: number;
}

/** The launches that take the scale out of the gradients again. */
export interface Scaling {
  readonly requests: readonly Request[];
  /** Σ of all gradients' squares, without the scale: taking it out of them also gives their norm. */
  readonly total: Tensor;
  /** What kernels read that must not run where a gradient is not finite. */
  readonly state: Tensor;
  /** Refuses an optimiser with a kernel that would change something in a step that is left out: an OptionError. */
  check(optimizer: string, requests: readonly Request[]): void;
}

/** What a trainer of mixed precision has. */
export interface MixedPrecision {
  readonly halve: Halve;
  /** The state of the loss scale at the start. */
  readonly start: Float32Array<ArrayBuffer>;
  /** Divides `gradients` by the scale, in place, and makes the scale what the next step multiplies. */
  scaling(extension: Pick<Extension, 'place' | 'value' | 'part' | 'pieces'>, gradients: Tensor): Scaling;
  /** The state's numbers as fields, and back; `parse` refuses what is no state. */
  fields(numbers: ArrayLike<number>): LossScaleState;
  parse(given: unknown): Float32Array<ArrayBuffer>;
}

const unscaleFamily = arenaFamily('unscale', unscale, 3, 'partials');
const adjustFamily: KernelFamily<AdjustLossScaleSpec> = { name: 'adjust-loss-scale', variants: [{ name: 'lane', suits: () => true, kernel: adjustLossScale }] };

/** What `compile` does for its options `precision` and `lossScale`: undefined for float32, an OptionError where they are wrong or the device can't. */
export function mixedPrecision(device: Pick<Device, 'hasFloat16' | 'name'>, precision: unknown, given: LossScaleOptions | undefined): MixedPrecision | undefined {
  if (precision !== undefined && precision !== 'float32' && precision !== 'mixed') throw new OptionError('compile', 'precision to be "float32" or "mixed"', show(precision));
  if (precision !== 'mixed') {
    if (given !== undefined) throw new OptionError('compile', 'precision "mixed" with lossScale', show(precision));
    return undefined;
  }
  if (!device.hasFloat16) {
    throw new OptionError('compile', 'a device with shader-f16 for precision "mixed"', `${device.name}, which has none`, 'Leave precision out: float32 runs everywhere. device.hasFloat16 tells beforehand.');
  }
  const options = given ?? {};
  checkOptionNames('compile: lossScale', options, ['initial', 'growthFactor', 'backoffFactor', 'growthInterval']);
  const { initial = 65_536, growthFactor = 2, backoffFactor = 0.5, growthInterval = 2000 } = options;
  checkNumber('compile', 'lossScale.initial', initial, { above: 0, max: 2 ** 64, float32: true });
  checkNumber('compile', 'lossScale.growthFactor', growthFactor, { min: 1, float32: true });
  checkNumber('compile', 'lossScale.backoffFactor', backoffFactor, { above: 0, below: 1, float32: true });
  checkNumber('compile', 'lossScale.growthInterval', growthInterval, { integer: true, min: 1, max: 2 ** 24 });
  const fields = (numbers: ArrayLike<number>): LossScaleState => ({ scale: numbers[0]!, goodSteps: numbers[1]!, skippedSteps: numbers[2]! });
  return {
    halve,
    start: Float32Array.of(initial, 0, 0, 1),
    scaling({ place, value, part, pieces }, gradients) {
      const state = place(LOSS_SCALE, [LOSS_SCALE_FIELDS.length], 'optimizer');
      const ranges = rangesOf([gradients], { part, pieces }).map(([range]) => range!);
      const partials = Math.min(...ranges.map(({ shape }) => partialsOf(shape[0]!)));
      const label = 'loss scale';
      const total = value('squaredNorm', [1]);
      const unscaled = ranges.map((range) => {
        const sum = value('partialNorms', [partials]);
        const spec: UnscaleSpec = { count: range.shape[0]!, partials };
        return { sum, requests: [{ family: unscaleFamily, spec, reads: { lossScale: state }, writes: { partials: sum }, updates: { gradients: range }, label } as Request] };
      });
      // Arenas beyond one binding come in pieces: their partial sums are added lane by lane.
      const { sum: sums, requests: made } = unscaled.reduce((all, { sum, requests: own }) => {
        const both = value('partialNorms', [partials]);
        return { sum: both, requests: [...all.requests, ...own, { ...map(all.sum, [{ formula: 'add', operands: [sum] }], both), label }] };
      });
      const requests: Request[] = [
        ...made,
        { family: adjustFamily, spec: { partials, growthFactor, backoffFactor, growthInterval } satisfies AdjustLossScaleSpec, reads: { partials: sums }, writes: { squaredNorm: total }, updates: { lossScale: state }, label },
      ];
      return {
        requests, total, state,
        check(optimizer, own) {
          if (own.every(({ reads, updates = {} }) => Object.keys(updates).length === 0 || reads.lossScale === state)) return;
          throw new OptionError('compile', 'an optimizer whose kernels can leave out a step (lossScale in its context) for precision "mixed"', optimizer);
        },
      };
    },
    fields,
    parse(state) {
      if (state === null || typeof state !== 'object') throw new DataError('load', 'lossScale as state() returns it', show(state));
      const { scale, goodSteps, skippedSteps } = state as LossScaleState;
      checkNumber('load', 'lossScale.scale', scale, { above: 0, float32: true });
      checkNumber('load', 'lossScale.goodSteps', goodSteps, { integer: true, min: 0 });
      checkNumber('load', 'lossScale.skippedSteps', skippedSteps, { integer: true, min: 0 });
      return Float32Array.of(scale, goodSteps, skippedSteps, 1);
    },
  };
}
