import type { LabelSpec } from '../../../shaders/labels.wgsl.ts';
import type { CutRule, Cutting } from '../cut.ts';
import type { Request } from '../request.ts';
import { cutAlong } from './along-axis.ts';
import { cutElements } from './elements.ts';
import { cutFold } from './fold.ts';
import { cutGather, cutScatter } from './places.ts';
import { cutProduct } from './product.ts';

/** Rows of a loss. What a mean over labels divides by is the sum over all rows: it must have been made before, as many rows have it. */
function cutLoss(request: Request<LabelSpec>, cutting: Cutting): Request[] | undefined {
  const { spec, reads } = request;
  const isMean = spec.labels !== undefined && spec.mean;
  if (isMean && !reads.mass) return undefined;
  return cutAlong({ ...request, spec: { ...spec, ...(isMean ? { isPart: true } : {}) } }, { axis: 'rows', along: ['x', 'expected', 'rowLoss', 'dx'] }, cutting);
}

/** Work over so many numbers, each by itself: bindings with just so many follow. */
const cutNumbers: CutRule<{ readonly count: number }> = (request, cutting) => cutAlong(request, { axis: 'count' }, cutting);

/** The rules that families name: the families are there from the start, these with the first program that has a tensor beyond one binding. */
export const cutRules = { elementwise: cutElements, matmul: cutProduct, reduce: cutFold, loss: cutLoss, count: cutNumbers, gather: cutGather, scatter: cutScatter };

/** The requests that do a request's work together, as its family says; undefined where it can't be cut. */
export function cutRequest(request: Request, cutting: Cutting): readonly Request[] | undefined {
  const { cut } = request.family;
  if (cut === undefined) return undefined;
  if (typeof cut === 'object') return cutAlong(request, cut, cutting);
  return (cutRules[cut] as CutRule<never> as CutRule<object>)(request, cutting);
}
