import { concatKernel, type ConcatSpec } from '../../shaders/concat.wgsl.ts';
import { elementwiseFamily } from './map.ts';
import { hasFamily, noFlops, type KernelFamily, type Request } from './request.ts';
import { sizeOf, type Shape, type Tensor } from './tensor.ts';

const concatFamily: KernelFamily<ConcatSpec> = {
  name: 'concat',
  cut: 'concat',
  flops: noFlops,
  variants: [{ name: 'lane', suits: () => true, kernel: concatKernel }],
  // A copy that puts a part's elements row by row: they are read where they stand.
  absorbProducer(request, tensor, producer) {
    const { spec, reads } = request;
    if (!hasFamily(producer, elementwiseFamily) || spec.type !== 'f32') return undefined;
    const { start, steps, columns, type } = producer.spec;
    if (steps.length > 0 || type || start.type) return undefined;
    const isIt = (name: string): boolean => reads[name]?.id === tensor.id;
    return {
      ...request, reads: Object.fromEntries(Object.entries(reads).map(([name, read]) => [name, isIt(name) ? producer.reads.x! : read])),
      spec: { ...spec, accesses: spec.sizes.map((_, part) => (isIt(`x${part}`) ? { access: start, columns } : spec.accesses?.[part])) },
    };
  },
};

/** The inputs' names: as many as fit one launch beside the output. */
export const PARTS = ['x0', 'x1', 'x2', 'x3', 'x4', 'x5', 'x6'] as const;

/** out = the parts one behind the other along `axis`; many of them take further launches into tensors that `scratch` makes. */
export function join(parts: readonly Tensor[], axis: number, out: Tensor, scratch: (shape: Shape) => Tensor): Request[] {
  if (parts.length > PARTS.length) {
    const requests: Request[] = [];
    const groups: Tensor[] = [];
    for (let start = 0; start < parts.length; start += PARTS.length) {
      const group = parts.slice(start, start + PARTS.length);
      const size = group.reduce((sum, { shape }) => sum + shape[axis]!, 0);
      const joined = scratch(out.shape.map((dimension, other) => (other === axis ? size : dimension)));
      requests.push(...join(group, axis, joined, scratch));
      groups.push(joined);
    }
    return [...requests, ...join(groups, axis, out, scratch)];
  }
  const spec = { outer: sizeOf(out.shape.slice(0, axis)), inner: sizeOf(out.shape.slice(axis + 1)), sizes: parts.map(({ shape }) => shape[axis]!), type: out.type };
  return [{ family: concatFamily, spec, reads: Object.fromEntries(parts.map((part, index) => [`x${index}`, part])), writes: { out } }];
}
