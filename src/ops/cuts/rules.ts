import { labelMass, MASS_PARTS, type LabelSpec } from '../../../shaders/labels.wgsl.ts';
import type { CutRule, Cutting } from '../cut.ts';
import { perElement, type KernelFamily, type Request } from '../request.ts';
import { sizeOf, type Tensor } from '../tensor.ts';
import { cutAccuracy } from './accuracy.ts';
import { cutAlong } from './along-axis.ts';
import { cutAttention, cutAttentionWeights, cutMaskGradient, cutRotary } from './attention.ts';
import { cutBatch } from './batch.ts';
import { cutConcat } from './concat.ts';
import { cutCumsum } from './cumsum.ts';
import { cutElements } from './elements.ts';
import { cutFold, cutProdBackward } from './fold.ts';
import { cutGather, cutScatter } from './places.ts';
import { cutNormalization, cutNormalizationParameters, cutRunningStatistic } from './normalization.ts';
import { cutPad, cutPlace } from './pads.ts';
import { cutConvolution, cutPooling } from './planes.ts';
import { boundBy, lcm, rangesOf, rowsBytes, unitOf } from './ranges.ts';
import { cutProduct } from './product.ts';
import { cutActivity, cutConvolutionWeight, cutLabelMass, cutPartials, cutStatistics } from './sums.ts';

const massFamily: KernelFamily<LabelSpec> = { name: 'label-mass', cut: 'labelMass', flops: perElement('expected', 1), variants: [{ name: 'parts', suits: () => true, kernel: labelMass }] };

/** Rows of a loss, or of the gradient of its targets. What a mean over labels divides by is the sum over all rows: it is made before, as many rows have it made. */
function cutLoss(request: Request<LabelSpec>, cutting: Cutting): Request[] | undefined {
  const { spec, reads } = request;
  const isMean = spec.labels !== undefined && spec.mean;
  const mass = isMean && !reads.mass ? cutting.value('mass', [MASS_PARTS]) : undefined;
  const parts = cutAlong({ ...request, spec: { ...spec, ...(isMean ? { isPart: true } : {}) }, reads: { ...reads, ...(mass ? { mass } : {}) } }, { axis: 'rows', along: ['x', 'expected', 'rowLoss', 'dx', 'dtarget'] }, cutting);
  return parts && mass ? [{ family: massFamily, spec, reads: { expected: reads.expected! }, writes: { mass } } satisfies Request<LabelSpec>, ...parts] : parts;
}

type NumbersSpec = { readonly count: number; readonly size?: number };

/** Work over so many numbers, each by itself: bindings with just so many follow. */
const cutNumbers: CutRule<NumbersSpec> = (request, cutting) => {
  const endsEarly = ([, { shape }]: [string, Tensor]): boolean => sizeOf(shape) < request.spec.count && Math.ceil(sizeOf(shape) / 4) * 4 === request.spec.count;
  if (boundBy(request).some(endsEarly)) return cutFours(request, cutting);
  return cutAlong(request, { axis: 'count' }, cutting)?.map((part) => (part.spec.size === undefined ? part : { ...part, spec: { ...part.spec, size: part.spec.count } }));
};

/** Numbers in fours, of which the last may be less: the last range ends where they end. */
function cutFours(request: Request<NumbersSpec>, cutting: Cutting): Request[] | undefined {
  const { reads, writes, updates, spec } = request;
  const { count, size = count } = spec;
  const isOne = ({ shape }: Tensor): boolean => Math.ceil(sizeOf(shape) / 4) * 4 === count;
  const own = boundBy(request).map(([, tensor]) => tensor).filter(isOne);
  const ranges = rangesOf(count, own.map(unitOf).reduce(lcm), (range) => own.every((tensor) => rowsBytes(tensor, range, 1) <= cutting.most));
  return ranges?.map(({ first, count: some }) => {
    const inRange = (tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
      Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, isOne(tensor) ? cutting.part(tensor, first, [Math.min(some, sizeOf(tensor.shape) - first)]) : tensor]));
    return {
      ...request, spec: { ...spec, count: some, ...(spec.size === undefined ? {} : { size: Math.min(some, size - first) }) },
      reads: inRange(reads), writes: inRange(writes), ...(updates ? { updates: inRange(updates) } : {}),
    };
  });
}

/** The rules that families name: the families are there from the start, these with the first program that has a tensor beyond one binding. */
export const cutRules = {
  accuracy: cutAccuracy, activity: cutActivity, attention: cutAttention, attentionWeights: cutAttentionWeights, batch: cutBatch, concat: cutConcat, cumsum: cutCumsum, convolution: cutConvolution, convolutionWeight: cutConvolutionWeight, count: cutNumbers, elementwise: cutElements,
  gather: cutGather, labelMass: cutLabelMass, loss: cutLoss, maskGradient: cutMaskGradient, matmul: cutProduct, normalization: cutNormalization, normalizationParameters: cutNormalizationParameters, partials: cutPartials, pad: cutPad, place: cutPlace, prodBackward: cutProdBackward,
  pooling: cutPooling, reduce: cutFold, rotary: cutRotary, runningStatistic: cutRunningStatistic, scatter: cutScatter, statistics: cutStatistics,
};

/** The requests that do a request's work together, as its family says; undefined where it can't be cut. */
export function cutRequest(request: Request, cutting: Cutting): readonly Request[] | undefined {
  const { cut } = request.family;
  if (cut === undefined) return undefined;
  if (typeof cut === 'object') return cutAlong(request, cut, cutting);
  return (cutRules[cut] as CutRule<never> as CutRule<object>)(request, cutting);
}
