import { drawOf, isFull, type Access, type ChainStep } from '../../shaders/chain.wgsl.ts';
import { elementwise, type ElementwiseSpec } from '../../shaders/elementwise.wgsl.ts';
import { formulaNamed, knownFormulas, type Formula } from '../../shaders/formula.ts';
import { OptionError, ShapeError, show } from '../errors.ts';
import { hasFamily, type KernelFamily, type Request } from './request.ts';
import { layoutOf, sizeOf, type Shape, type Tensor } from './tensor.ts';

/** Rows and columns of a shape seen as two-dimensional: the last axis is the columns. */
export function asMatrix(shape: Shape): { rows: number; columns: number } {
  const columns = shape[shape.length - 1] ?? 1;
  return { rows: sizeOf(shape) / columns, columns };
}

/** Where an operand's elements stand under NumPy broadcasting to `shape`. */
export function accessOf(operand: Pick<Tensor, 'shape' | 'layout' | 'type' | 'half'>, shape: Shape): Access {
  const { strides, offset, size } = layoutOf(operand);
  const missing = shape.length - operand.shape.length;
  const strideOf = (axis: number): number => (axis - missing < 0 || operand.shape[axis - missing] === 1 ? 0 : strides[axis - missing]!);
  const terms: { divide: number; modulo: number; stride: number }[] = [];
  let divide = 1;
  for (let axis = shape.length - 2; axis >= 0; axis -= 1) {
    const [modulo, stride] = [shape[axis]!, strideOf(axis)];
    const last = terms[terms.length - 1];
    // Two axes that lie one behind the other are one longer axis.
    if (last && stride === last.stride * last.modulo) last.modulo *= modulo;
    else if (modulo > 1) terms.push({ divide, modulo, stride });
    divide *= modulo;
  }
  return { rowTerms: terms, columnStride: shape.length > 0 ? strideOf(shape.length - 1) : 0, count: size, ...(offset > 0 ? { offset } : {}), ...(operand.half ? { type: 'f16' } : operand.type === 'u32' ? { type: operand.type } : {}) };
}

/** A step of a chain as an op asks for it: a formula, its numbers, its further tensors. */
export interface MapStep {
  readonly formula: string;
  readonly parameters?: readonly number[];
  readonly operands?: readonly Tensor[];
  /** Where to write what the formula draws by its operand, if it draws. */
  readonly saveDrawn?: Tensor;
}

function known(formula: string, operands: number): Formula {
  const row = formulaNamed(formula);
  if (!row) throw new OptionError('map', `formulas among ${Object.keys(knownFormulas()).join(', ')}`, show(formula));
  if (row.operands !== operands) throw new OptionError('map', `${row.operands} operands for ${formula}`, String(operands));
  return row;
}

/** out = the steps applied to x one after the other, with every operand broadcast to out's shape. Indices and f16 become f32; a u32 `out` takes a copy of indices, an f16 one rounds. */
export function map(x: Tensor, steps: readonly MapStep[], out: Tensor): Request<ElementwiseSpec> {
  const isIndices = out.type === 'u32';
  if (isIndices && (steps.length > 0 || x.type !== 'u32')) throw new ShapeError('map', 'an out of f32, or a copy of indices', 'an out of u32');
  const reads: Record<string, Tensor> = { x };
  const writes: Record<string, Tensor> = { out };
  const chain = steps.map(({ formula, parameters = [], operands = [], saveDrawn }): ChainStep => {
    const { draws: isDrawn } = known(formula, operands.length);
    const save = freeName('saved', writes);
    if (saveDrawn) writes[save] = saveDrawn;
    return {
      formula, parameters, ...(saveDrawn ? { saveDrawn: save } : {}),
      operands: operands.map((operand) => {
        const name = `operand${Object.keys(reads).length - 1}`;
        reads[name] = operand;
        return { name, access: accessOf(operand, isDrawn ? operand.shape : out.shape) };
      }),
    };
  });
  return { family: elementwiseFamily, spec: { ...asMatrix(out.shape), start: accessOf(x, out.shape), steps: chain, ...(isIndices ? { type: 'u32' as const } : {}), ...(out.half ? { half: ['out'] } : {}) }, reads, writes };
}

/** A chain for another request: its binding names made distinct from those already there. */
export interface GraftedChain {
  readonly steps: readonly ChainStep[];
  readonly reads: Readonly<Record<string, Tensor>>;
  readonly writes: Readonly<Record<string, Tensor>>;
}

/**
 * The chain of `consumer` applied to `tensor`, to be run where (row, column) of [rows, columns] has just been made.
 * Undefined where the consumer does not take `tensor` as the value that its chain starts with.
 */
export function graftAfter(
  consumer: Request, tensor: Tensor, rows: number, columns: number, host: Request, keep: boolean, steps: readonly ChainStep[],
): GraftedChain | undefined {
  // What copies indices has no place for numbers that are made of them.
  if (!hasFamily(consumer, elementwiseFamily) || tensor.type !== 'f32' || tensor.half || consumer.spec.half) return undefined;
  const { spec } = consumer;
  if (spec.columns !== columns || spec.rows !== rows) return undefined;
  if (spec.steps.some(drawOf) && !host.family.chainsOfFours) return undefined;
  const started = startWith(consumer, tensor);
  if (!started) return undefined;
  const grafted = rename(started, host);
  if (!keep) return { ...grafted, steps: [...steps, ...grafted.steps] };
  const name = freeName('saved', { ...host.writes, ...grafted.writes });
  const last = steps[steps.length - 1];
  if (last?.save) return undefined;
  const kept = last ? [...steps.slice(0, -1), { ...last, save: name }] : [{ formula: 'identity', parameters: [], operands: [], save: name }];
  return { steps: [...kept, ...grafted.steps], reads: grafted.reads, writes: { ...grafted.writes, [name]: tensor } };
}

/**
 * The chain of `producer`, to be run on each element of its input as `host` loads it in the layout [rows, columns]. Hosts that
 * read `x` from where `start` says take any start; others take numbers that lie in that layout.
 */
export function graftBefore(
  producer: Request, rows: number, columns: number, host: Request, anyStart = false,
): (GraftedChain & { x: Tensor; start: Access }) | undefined {
  if (!hasFamily(producer, elementwiseFamily) || producer.spec.type || producer.spec.half) return undefined;
  const { spec } = producer;
  if (spec.rows !== rows || spec.columns !== columns || !(anyStart || (isFull(spec.start, rows, columns) && !spec.start.type))) return undefined;
  if (spec.steps.some((step) => step.save !== undefined || drawOf(step))) return undefined;
  return { ...rename(producer, host), x: producer.reads.x!, start: spec.start };
}

/** The same request with `tensor` as its start: where that is an operand of the first step, the two change places. */
function startWith(request: Request<ElementwiseSpec>, tensor: Tensor): Request<ElementwiseSpec> | undefined {
  const { spec, reads } = request;
  const { rows, columns, steps } = spec;
  const [first, ...others] = steps;
  const elsewhere = (except: string): boolean => Object.entries(reads).some(([name, read]) => name !== except && read.id === tensor.id);
  if (reads.x!.id === tensor.id) return isFull(spec.start, rows, columns) && !elsewhere('x') ? request : undefined;
  const operand = first?.operands.find(({ name }) => reads[name]!.id === tensor.id);
  if (!first || !operand || !formulaNamed(first.formula)!.anyArgument) return undefined;
  if (!isFull(operand.access, rows, columns) || elsewhere(operand.name)) return undefined;
  return {
    ...request,
    spec: { ...spec, start: operand.access, steps: [exchanged(first, operand, spec.start), ...others] },
    reads: { ...reads, x: reads[operand.name]!, [operand.name]: reads.x! },
  };
}

/** The step with `operand` as the chain's value, and as an operand of that name what was the value, which stands at `start`. */
function exchanged(step: ChainStep, operand: ChainStep['operands'][number], start: Access): ChainStep {
  const { formula, operands, position = 0 } = step;
  const given = operands.toSpliced(position, 0, { name: operand.name, access: start });
  const place = given.findIndex((one, index) => index !== position && one.name === operand.name);
  const { position: _, ...rest } = step;
  if (place === 0 || (formulaNamed(formula)!.commutes && place <= 1 && position <= 1)) return { ...rest, operands: given.toSpliced(place, 1) };
  return { ...rest, operands: given.toSpliced(place, 1), position: place };
}

function freeName(prefix: string, taken: Readonly<Record<string, unknown>>): string {
  let index = 0;
  while (`${prefix}${index}` in taken) index += 1;
  return `${prefix}${index}`;
}

/** Operands and saved values under names that `host` does not use yet. */
function rename(request: Request<ElementwiseSpec>, host: Request): GraftedChain {
  const reads: Record<string, Tensor> = {};
  const writes: Record<string, Tensor> = {};
  const steps = request.spec.steps.map((step) => {
    const operands = step.operands.map(({ name, access }) => {
      const fresh = freeName('operand', { ...host.reads, ...reads });
      reads[fresh] = request.reads[name]!;
      return { name: fresh, access };
    });
    const again = { ...step, operands };
    for (const kind of ['save', 'saveDrawn'] as const) {
      if (step[kind] === undefined) continue;
      const fresh = freeName('saved', { ...host.writes, ...writes });
      writes[fresh] = request.writes[step[kind]]!;
      again[kind] = fresh;
    }
    return again;
  });
  return { steps, reads, writes };
}

export const elementwiseFamily: KernelFamily<ElementwiseSpec> = {
  name: 'elementwise',
  cut: 'elementwise',
  followsLayout: true,
  chainsOfFours: true,
  half: ['out'],
  flops: ({ spec: { rows, columns, steps } }) => rows * columns * steps.length,
  variants: [{ name: 'lane', suits: () => true, kernel: elementwise }],
  absorbConsumer(request, tensor, consumer, keep) {
    const { spec } = request;
    if (request.writes.out!.id !== tensor.id) return undefined;
    const grafted = graftAfter(consumer, tensor, spec.rows, spec.columns, request, keep, spec.steps);
    if (!grafted) return undefined;
    return {
      ...request, spec: { ...spec, steps: grafted.steps },
      reads: { ...request.reads, ...grafted.reads }, writes: { ...request.writes, ...grafted.writes, out: consumer.writes.out! },
    };
  },
};
