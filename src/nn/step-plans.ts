import { accuracy, tellsCounted, type AccuracySpec } from '../../shaders/accuracy.wgsl.ts';
import { gatherBatch, type BatchSpec } from '../../shaders/batch.wgsl.ts';
import { STEP_BYTES, type Kernel } from '../../shaders/kernel.ts';
import { record, type RecordSpec } from '../../shaders/record.wgsl.ts';
import { ChainruleError } from '../errors.ts';
import type { Cut } from '../ops/cut.ts';
import { asMatrix } from '../ops/map.ts';
import { reduce } from '../ops/reduce.ts';
import { type KernelFamily, noFlops, perElement, type Request, type Target } from '../ops/request.ts';
import { sizeOf, type Tensor } from '../ops/tensor.ts';
import { planProgram, type Extension, type ProgramPlan } from '../program/plan.ts';
import type { Loss } from './losses.ts';
import type { extraLaunches } from './extra-launches.ts';
import type { Counting, Measuring } from './metrics/measuring.ts';
import type { MixedPrecision } from './mixed-precision.ts';
import type { LossNet, Net } from './net.ts';
import { Grouping } from './optimizers/groups.ts';
import type { Clip, Optimizer } from './optimizers/optimizer.ts';
import { planUpdate } from './optimizers/update.ts';
import { LOSS_SCALE } from './step-extras.ts';

const only = <S extends object>(name: string, kernel: (spec: S) => Kernel, cut?: Cut, flops: NonNullable<KernelFamily<S>['flops']> = noFlops): KernelFamily<S> =>
  ({ name, cut, flops, variants: [{ name: 'lane', suits: () => true, kernel }] });

const recordFamily = /* @__PURE__ */ only<RecordSpec>('record', record);
const accuracyFamily = /* @__PURE__ */ only<AccuracySpec>('accuracy', accuracy, 'accuracy', perElement('x', 1));
const gatherFamily = /* @__PURE__ */ only<BatchSpec>('gather-batch', gatherBatch, 'batch');

const placeStep = ({ place }: Extension): Tensor => place('step', [STEP_BYTES / 4], 'step');

/** What a step hands to the host, in the order in which it is copied: the report first. */
export interface Reports {
  readonly report: Tensor;
  /** Where the loss has an accuracy: the rows of the output, and whether the report says how many of them count (else all do). */
  readonly accuracy?: { readonly rows: number; readonly tellsCounted: boolean };
  /** Where in the report the loss scale's four numbers begin, in mixed precision. */
  readonly lossScaleAt?: number;
  /** Whether the report ends with the squared norm of all gradients. */
  readonly hasGradientNorm: boolean;
  readonly statistics?: Tensor;
  /** For each layer whose units can die: how many examples of the batch each unit was active for. */
  readonly activities: readonly { readonly label: string; readonly tensor: Tensor }[];
  /** Where an evaluation counts for its metrics. */
  readonly counters?: readonly Counting[];
}

export interface StepPlan {
  readonly plan: ProgramPlan;
  readonly reports: Reports;
}

/** The numbers of a step and its tag, written by its last launch: the loss, then how many rows are right and how many count. */
function reporting(name: string, extension: Extension, net: LossNet, kind: AccuracySpec['target'] | undefined, { squaredNorm, lossScale }: { squaredNorm?: Tensor; lossScale?: Tensor | undefined } = {}): { requests: Request[] } & Pick<Reports, 'report' | 'accuracy' | 'lossScaleAt'> {
  const requests: Request[] = [];
  let share: Reports['accuracy'];
  const values = [extension.tensor(net.loss.id)];
  if (kind !== undefined) {
    const outputs = extension.tensor(net.outputs.id);
    const matrix = asMatrix(outputs.shape);
    const spec: AccuracySpec = { ...matrix, target: kind, ...(net.ignoreIndex === undefined ? {} : { ignoreIndex: net.ignoreIndex }) };
    share = { rows: matrix.rows, tellsCounted: tellsCounted(spec) };
    const outer = share.tellsCounted ? 2 : 1;
    const hits = extension.value('hits', [outer * matrix.rows]);
    const sums = extension.value('accuracy', [outer]);
    requests.push(
      { family: accuracyFamily, spec, reads: { x: outputs, expected: net.targets }, writes: { hits }, label: 'accuracy' },
      { ...reduce(hits, { outer, size: matrix.rows, inner: 1, scale: 1 }, sums), label: 'accuracy' },
    );
    values.push(sums);
  }
  const lossScaleAt = 1 + values.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (lossScale) values.push(lossScale);
  if (squaredNorm) values.push(squaredNorm);
  const sizes = values.map(({ shape }) => sizeOf(shape));
  const report = extension.place(`${name}.report`, [sizes.reduce((sum, size) => sum + size, 1)], 'step', 'u32');
  requests.push({
    family: recordFamily, spec: { sizes } satisfies RecordSpec,
    reads: { step: placeStep(extension), ...Object.fromEntries(values.map((value, index) => [`value${index}`, value])) },
    writes: { report }, label: 'report',
  });
  return { requests, report, ...(share ? { accuracy: share } : {}), ...(lossScale ? { lossScaleAt } : {}) };
}

/** What a training step does beside forward, backward, optimiser and report. */
export interface TrainingExtras {
  readonly diagnostics: boolean;
  /** How many batches' gradients make one step of the optimiser. */
  readonly accumulate: number;
  /** The decay of the weights' moving average; undefined where there is none. */
  readonly averageDecay: number | undefined;
  /** Which parameters are optimised how. Default all by the one optimiser. */
  readonly grouping: Grouping;
  readonly clip: Clip | undefined;
  /** Set where products read f16 and the loss is scaled. */
  readonly mixed: MixedPrecision | undefined;
}

/** The launches that few trainings have: `src/nn/extra-launches.ts`, which only those load. */
export type ExtraLaunches = typeof extraLaunches;

/** A training step: forward, backward, optimiser, report; with diagnostics also what they read. What is asked for beside takes the extra launches. */
export function planTraining(
  name: string, net: LossNet, target: Target, optimizer: Optimizer, accuracyKind: Loss['accuracy'],
  { diagnostics = false, accumulate = 1, averageDecay, grouping = new Grouping(optimizer), clip, mixed }: Partial<TrainingExtras> = {}, extra?: ExtraLaunches, onKernel?: (kernel: Kernel) => void,
): StepPlan {
  let reports: Reports | undefined;
  const more = (): ExtraLaunches => {
    if (extra) return extra;
    throw new ChainruleError('state', name, 'the extra launches that its options or its buffers take', 'none');
  };
  const plan = planProgram({
    name, graph: net.graph, target, onKernel,
    seeds: [{ tensor: net.loss.id, ...(mixed ? { cotangent: 'given', buffer: LOSS_SCALE } : { cotangent: 'one' }) }], halve: mixed?.halve,
    wanted: net.parameters.filter(({ tensor }) => !tensor.frozen).map(({ tensor }) => tensor.id),
    kept: [net.loss.id],
    extend: (extension) => {
      const { gradients, sections } = accumulate > 1 ? more().summing(extension, accumulate) : { gradients: extension.arenas.gradients };
      const extras = {
        ...sections, ...(net.buffers.some(({ next }) => next) ? { buffers: more().storingBuffers(extension, net, target) } : {}),
        ...(averageDecay === undefined ? {} : more().averaging(extension, averageDecay)),
      };
      const scaling = mixed?.scaling(extension, gradients);
      const norm = scaling ?? (clip && 'norm' in clip ? more().gradientNorm(extension, gradients) : undefined);
      const { requests: update, squaredNorm } = planUpdate(extension, net, grouping, gradients, clip, norm, scaling);
      const { requests, ...reported } = reporting(name, extension, net, accuracyKind, { squaredNorm, lossScale: scaling?.state });
      reports = { ...reported, hasGradientNorm: squaredNorm !== undefined, activities: [] };
      if (!diagnostics) return { ...extras, update, report: requests };
      const { before, after, activity, reports: read } = more().diagnosing(name, extension, net, gradients);
      reports = { ...reports, ...read };
      // The report stays last: its tag says that everything before it ran.
      return { ...extras, update: [before, ...update, after], report: [...activity, ...requests] };
    },
  });
  return { plan, reports: reports! };
}

/** A forward pass with loss and accuracy, and what metrics count: nothing else is changed. */
export function planEvaluation(name: string, net: LossNet, target: Target, accuracyKind: Loss['accuracy'], measured?: Measuring): StepPlan {
  let reports: Reports | undefined;
  const plan = planProgram({
    name, graph: net.graph, target, kept: [net.loss.id],
    extend: (extension) => {
      const { requests, ...reported } = reporting(name, extension, net, accuracyKind);
      const counts = measured?.counting(extension, net);
      reports = { ...reported, hasGradientNorm: false, activities: [], ...(counts ? { counters: counts.places } : {}) };
      return { report: [...counts?.requests ?? [], ...requests] };
    },
  });
  return { plan, reports: reports! };
}

/** The model alone. */
export function planPrediction(name: string, net: Net, target: Target): ProgramPlan {
  return planProgram({ name, graph: net.graph, target, kept: [net.outputs.id] });
}

/** One launch that takes a step's batch out of a data set on the GPU, written where the step's program reads it. */
export function planGather(stepName: string, dataName: string, spec: BatchSpec, target: Target): ProgramPlan & { readonly data: { inputs: Tensor; targets: Tensor; order: Tensor } } {
  let data: { inputs: Tensor; targets: Tensor; order: Tensor } | undefined;
  const { examples, rows, inputSize, inputType, targetSize, targetType } = spec;
  const plan = planProgram({
    name: dataName, graph: { tensors: [], nodes: [] }, target,
    extend: (extension) => {
      const { place } = extension;
      data = {
        inputs: place(`${dataName}.inputs`, [examples * inputSize], 'data', inputType),
        targets: place(`${dataName}.targets`, [examples * targetSize], 'data', targetType),
        order: place(`${dataName}.order`, [examples], 'data', 'u32'),
      };
      return {
        batch: [{
          family: gatherFamily, spec,
          reads: { step: placeStep(extension), order: data.order, allInputs: data.inputs, allTargets: data.targets },
          writes: { inputs: place(`${stepName}.inputs`, [rows * inputSize], 'batch', inputType), targets: place(`${stepName}.targets`, [rows * targetSize], 'batch', targetType) },
          label: 'batch',
        }],
      };
    },
  });
  return { ...plan, data: data! };
}
