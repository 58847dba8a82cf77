import { placeKernel, type PlaceSpec } from '../../shaders/place.wgsl.ts';
import type { Range } from './op.ts';
import { type KernelFamily, noFlops, type Request } from './request.ts';
import type { Tensor } from './tensor.ts';

const placeFamily: KernelFamily<PlaceSpec> = { name: 'place', cut: 'place', flops: noFlops, variants: [{ name: 'lane', suits: () => true, kernel: placeKernel }] };

/** out = `value` everywhere but in the ranges, which hold x: what `slice` takes out, put back. */
export function place(x: Tensor, ranges: readonly Range[], value: number, out: Tensor): Request<PlaceSpec> {
  const axes = ranges.map(({ start, count, step }, axis) => ({ size: out.shape[axis]!, start, count, step }));
  return { family: placeFamily, spec: { axes, value, type: out.type }, reads: { x }, writes: { out } };
}
