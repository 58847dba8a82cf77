import type { AccuracySpec } from '../../../shaders/accuracy.wgsl.ts';
import type { Kernel } from '../../../shaders/kernel.ts';
import * as kernels from '../../../shaders/metrics.wgsl.ts';
import { OptionError, ShapeError } from '../../errors.ts';
import { asMatrix } from '../../ops/map.ts';
import type { KernelFamily, Request } from '../../ops/request.ts';
import { sizeOf, type Shape, type Tensor } from '../../ops/tensor.ts';
import type { Loss } from '../losses.ts';

/** What a metric may know of the model: the shape of one example's output, and the loss, which says what targets are. */
export interface MetricSetting {
  readonly output: Shape;
  readonly loss: Loss;
}

/** Numbers that stay on the GPU while batches are added to them: plain data and rules, no buffer. Metrics with one key share one. */
export interface Counter {
  readonly key: string;
  readonly type: 'u32' | 'f32';
  /** How many numbers it holds. */
  readonly length: number;
  /** The numbers before the first batch, from the first example's targets. Default zeros. */
  start?(targets: Float32Array | Uint32Array): Float32Array;
  /** The launches that add one batch. `value` makes a tensor that lives between two of them. */
  requests(batch: { readonly outputs: Tensor; readonly targets: Tensor; readonly counters: Tensor; value(name: string, shape: Shape): Tensor }): readonly Request[];
}

/** Each adds up rows: ranges of them add to the same counters one after the other. */
const only = <S extends { readonly rows: number }>(name: string, kernel: (spec: S) => Kernel): KernelFamily<S> => ({ name, cut: { axis: 'rows', along: ['x', 'expected', 'terms'] }, variants: [{ name: 'lane', suits: () => true, kernel }] });

const confusionFamily = /* @__PURE__ */ only('confusion', kernels.confusion);
const topKFamily = /* @__PURE__ */ only('top-k', kernels.topK);
const regressionFamily = /* @__PURE__ */ only('regression-sums', kernels.regressionSums);
const surpriseFamily = /* @__PURE__ */ only('surprise', kernels.surprise);
const termsFamily = /* @__PURE__ */ only('add-terms', kernels.addTerms);

/** Where no label is left out: no class has it. */
const NONE = 2 ** 32 - 1;

/** How targets say what is right, for metrics that count classes. */
export function kindOf(who: string, { loss }: MetricSetting): AccuracySpec['target'] {
  if (loss.accuracy === undefined) throw new OptionError(who, 'a loss with classes, such as crossEntropy', loss.name);
  return loss.accuracy;
}

/** How many classes a metric tells apart: two where each output says yes or no. */
export function classesOf(who: string, setting: MetricSetting): number {
  return kindOf(who, setting) === 'signs' ? 2 : asMatrix(setting.output).columns;
}

const countSpec = (who: string, setting: MetricSetting, outputs: Tensor): kernels.CountSpec =>
  ({ ...asMatrix(outputs.shape), target: kindOf(who, setting), ignoreIndex: setting.loss.ignoreIndex ?? NONE });

/** More classes would need a matrix of more than 64 MiB. */
const MOST_CLASSES = 4096;

/** How often each class (rows) was taken for each class (columns). */
export function confusionCounter(who: string, setting: MetricSetting): Counter {
  const classes = classesOf(who, setting);
  if (classes > MOST_CLASSES) throw new ShapeError(who, `at most ${MOST_CLASSES} classes`, String(classes), 'accuracy and topK count any number of classes.');
  return {
    key: 'confusion', type: 'u32', length: classes ** 2,
    requests: ({ outputs, targets, counters }) =>
      [{ family: confusionFamily, spec: countSpec(who, setting, outputs), reads: { x: outputs, expected: targets }, writes: {}, updates: { counters } }],
  };
}

/** How many rows have their label among the k largest outputs, and how many rows there are. */
export function topKCounter(who: string, setting: MetricSetting, k: number): Counter {
  const classes = classesOf(who, setting);
  if (kindOf(who, setting) === 'signs') throw new OptionError(who, 'a loss that chooses one of several classes, such as crossEntropy', setting.loss.name);
  if (k > classes) throw new OptionError(who, `k to be at most the ${classes} classes`, String(k));
  return {
    key: `top${k}`, type: 'u32', length: 2,
    requests: ({ outputs, targets, counters }) =>
      [{ family: topKFamily, spec: { ...countSpec(who, setting, outputs), k }, reads: { x: outputs, expected: targets }, writes: {}, updates: { counters } }],
  };
}

/** Sums over the examples for each number of the output. */
export function regressionCounter(who: string, { output, loss }: MetricSetting): Counter {
  const { shape, type } = loss.target(output);
  const columns = sizeOf(output);
  if (type !== 'f32' || sizeOf(shape) !== columns) throw new OptionError(who, 'a loss that compares numbers, such as mse', loss.name);
  return {
    key: 'regression', type: 'f32', length: columns * kernels.REGRESSION_VALUES,
    start: (targets) => Float32Array.from({ length: columns * kernels.REGRESSION_VALUES }, (_, i) => (i % kernels.REGRESSION_VALUES === 0 ? targets[i / kernels.REGRESSION_VALUES]! : 0)),
    requests: ({ outputs, targets, counters }) => [{
      family: regressionFamily, spec: { rows: sizeOf(outputs.shape) / columns, columns }, reads: { x: outputs, expected: targets }, writes: {}, updates: { counters },
    }],
  };
}

/** The sum of −log p of the labels, and how many there are. */
export function surpriseCounter(who: string, setting: MetricSetting): Counter {
  if (kindOf(who, setting) !== 'index') throw new OptionError(who, 'a loss of class indices, such as crossEntropy', setting.loss.name);
  return {
    key: 'surprise', type: 'f32', length: 2,
    requests: ({ outputs, targets, counters, value }): Request[] => {
      const spec = countSpec(who, setting, outputs);
      const terms = value('terms', [spec.rows, 2]);
      return [
        { family: surpriseFamily, spec, reads: { x: outputs, expected: targets }, writes: { terms } },
        { family: termsFamily, spec: { rows: spec.rows }, reads: { terms }, writes: {}, updates: { counters } },
      ];
    },
  };
}
