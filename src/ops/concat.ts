import { concatKernel, type ConcatSpec } from '../../shaders/concat.wgsl.ts';
import { ShapeError } from '../errors.ts';
import { elementwiseFamily } from './map.ts';
import type { Named, LibraryOp } from './op.ts';
import { hasFamily, noFlops, type KernelFamily, type Request } from './request.ts';
import { showShape, sizeOf, type Shape, type Tensor } from './tensor.ts';
import { checkAxis, sliceOf } from './views.ts';

const concatFamily: KernelFamily<ConcatSpec> = {
  name: 'concat',
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

const partsOf = (inputs: Named<Tensor>): Tensor[] => PARTS.flatMap((name) => inputs[name] ?? []);

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

/** The inputs one behind the other along `axis` (default 0); all other axes are equal. Their gradients are slices of the output's: views. */
export const concat: LibraryOp = {
  name: 'concat',
  group: 'shape',
  formula: 'out = x0, x1, … one behind the other along axis',
  notes: 'Up to 7 inputs in one launch; the function takes any number. Gradients are views.',
  inputs: PARTS,
  optional: PARTS.slice(1),
  options: ['axis'],
  keepsType: true,
  shapes: (inputs, { axis = 0 }, who) => {
    const parts = partsOf(inputs);
    const [first] = parts;
    const along = checkAxis(who, axis, first!.shape.length);
    for (const { shape } of parts) {
      if (shape.length !== first!.shape.length || shape.some((dimension, other) => other !== along && dimension !== first!.shape[other])) {
        throw new ShapeError(who, `tensors that differ along axis ${along} alone`, parts.map((part) => showShape(part.shape)).join(' and '));
      }
    }
    return { out: first!.shape.map((dimension, other) => (other === along ? parts.reduce((sum, { shape }) => sum + shape[along]!, 0) : dimension)) };
  },
  forward: ({ inputs, outputs: { out }, options: { axis = 0 }, scratch }) =>
    join(partsOf(inputs), checkAxis('concat', axis, out!.shape.length), out!, (shape) => scratch('joined', shape)),
  backward: ({ inputs, gradients: { out: dout }, wanted, options: { axis = 0 } }) => {
    const along = checkAxis('concat', axis, dout!.shape.length);
    let start = 0;
    const aliases: Record<string, Tensor> = {};
    for (const name of PARTS) {
      const part = inputs[name];
      if (!part) continue;
      const ranges = dout!.shape.map((size, other) => (other === along ? { start, count: part.shape[along]!, step: 1 } : { start: 0, count: size, step: 1 }));
      if (wanted[name]) aliases[name] = sliceOf(dout!, ranges);
      start += part.shape[along]!;
    }
    return { requests: [], aliases };
  },
};
