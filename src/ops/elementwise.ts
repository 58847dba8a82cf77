import { isFull, type Access, type ChainStep } from '../../shaders/chain.wgsl.ts';
import { elementwise, type ElementwiseSpec } from '../../shaders/elementwise.wgsl.ts';
import { FORMULAS } from '../../shaders/formulas.wgsl.ts';
import { checkNumber, OptionError, show } from '../errors.ts';
import type { Op, Options } from './op.ts';
import { hasFamily, type KernelFamily, type Request } from './request.ts';
import { sizeOf, type Shape, type Tensor } from './tensor.ts';

/** Rows and columns of a shape seen as two-dimensional: the last axis is the columns. */
export function asMatrix(shape: Shape): { rows: number; columns: number } {
  const columns = shape[shape.length - 1] ?? 1;
  return { rows: sizeOf(shape) / columns, columns };
}

/** Where an operand's elements stand under NumPy broadcasting to `shape`. */
export function accessOf(operand: Shape, shape: Shape): Access {
  const missing = shape.length - operand.length;
  const terms: { divide: number; modulo: number; stride: number }[] = [];
  let stride = operand[operand.length - 1] ?? 1;
  let divide = 1;
  for (let axis = shape.length - 2; axis >= 0; axis -= 1) {
    const own = axis - missing >= 0 ? operand[axis - missing]! : 1;
    const modulo = shape[axis]!;
    const step = own === 1 ? 0 : stride;
    const last = terms[terms.length - 1];
    // Two axes that lie one behind the other are one longer axis.
    if (last && step === last.stride * last.modulo) last.modulo *= modulo;
    else if (modulo > 1) terms.push({ divide, modulo, stride: step });
    stride *= own;
    divide *= modulo;
  }
  const columns = operand[operand.length - 1] ?? 1;
  return { rowTerms: terms, columnStride: columns === 1 ? 0 : 1, count: sizeOf(operand) };
}

/** A step of a chain as an op asks for it: a formula, its numbers, its further tensors. */
export interface MapStep {
  readonly formula: string;
  readonly parameters?: readonly number[];
  readonly operands?: readonly Tensor[];
}

function known(formula: string, operands: number): string {
  const row = Object.hasOwn(FORMULAS, formula) ? FORMULAS[formula]! : undefined;
  if (!row) throw new OptionError('map', `formulas among ${Object.keys(FORMULAS).join(', ')}`, show(formula));
  if (row.operands !== operands) throw new OptionError('map', `${row.operands} operands for ${formula}`, String(operands));
  return formula;
}

/** out = the steps applied to x one after the other, with every operand broadcast to out's shape. */
export function map(x: Tensor, steps: readonly MapStep[], out: Tensor): Request<ElementwiseSpec> {
  const reads: Record<string, Tensor> = { x };
  const chain = steps.map(({ formula, parameters = [], operands = [] }): ChainStep => ({
    formula: known(formula, operands.length),
    parameters,
    operands: operands.map((operand) => {
      const name = `operand${Object.keys(reads).length - 1}`;
      reads[name] = operand;
      return { name, access: accessOf(operand.shape, out.shape) };
    }),
  }));
  return { family: elementwiseFamily, spec: { ...asMatrix(out.shape), start: accessOf(x.shape, out.shape), steps: chain }, reads, writes: { out } };
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
  if (!hasFamily(consumer, elementwiseFamily)) return undefined;
  const { spec } = consumer;
  if (spec.columns !== columns || spec.rows !== rows) return undefined;
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

/** The chain of `producer`, to be run on each element of its input as `host` loads it in the layout [rows, columns]. */
export function graftBefore(producer: Request, rows: number, columns: number, host: Request): (GraftedChain & { x: Tensor }) | undefined {
  if (!hasFamily(producer, elementwiseFamily)) return undefined;
  const { spec } = producer;
  if (spec.rows !== rows || spec.columns !== columns || !isFull(spec.start, rows, columns)) return undefined;
  if (spec.steps.some(({ save }) => save !== undefined)) return undefined;
  return { ...rename(producer, host), x: producer.reads.x! };
}

/** The same request with `tensor` as its start: exchanges the first two arguments where the formula allows it. */
function startWith(request: Request<ElementwiseSpec>, tensor: Tensor): Request<ElementwiseSpec> | undefined {
  const { spec, reads } = request;
  const { rows, columns, steps } = spec;
  const [first, ...others] = steps;
  const elsewhere = (except: string): boolean => Object.entries(reads).some(([name, read]) => name !== except && read.id === tensor.id);
  if (reads.x!.id === tensor.id) return isFull(spec.start, rows, columns) && !elsewhere('x') ? request : undefined;
  const operand = first?.operands[0];
  if (!first || !operand || !FORMULAS[first.formula]!.commutes || reads[operand.name]!.id !== tensor.id) return undefined;
  if (!isFull(operand.access, rows, columns) || elsewhere(operand.name)) return undefined;
  return {
    ...request,
    spec: { ...spec, start: operand.access, steps: [{ ...first, operands: [{ name: operand.name, access: spec.start }] }, ...others] },
    reads: { ...reads, x: reads[operand.name]!, [operand.name]: reads.x! },
  };
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
    if (step.save === undefined) return { ...step, operands };
    const save = freeName('saved', { ...host.writes, ...writes });
    writes[save] = request.writes[step.save]!;
    return { ...step, operands, save };
  });
  return { steps, reads, writes };
}

export const elementwiseFamily: KernelFamily<ElementwiseSpec> = {
  name: 'elementwise',
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

/** A row of the family: y = formula(x), dx = backward formula(dout, x or y). */
function unary(name: string, rule: {
  /** Names the formulas for the given options; the backward one is `<formula>Backward`. */
  formula?: (options: Options) => string;
  parameters?: (options: Options) => readonly number[];
  /** What the derivative is written in. */
  saves: 'x' | 'y';
  canDie?: boolean;
  options?: readonly string[];
}): Op {
  const formulaOf = rule.formula ?? (() => name);
  const parametersOf = rule.parameters ?? (() => []);
  return {
    name,
    inputs: ['x'],
    ...(rule.options ? { options: rule.options } : {}),
    ...(rule.canDie ? { canDie: true } : {}),
    shapes: ({ x }, options) => {
      parametersOf(options);
      formulaOf(options);
      return { out: x!.shape };
    },
    forward: ({ inputs, outputs, options }) => [map(inputs.x!, [{ formula: formulaOf(options), parameters: parametersOf(options) }], outputs.out!)],
    backward: ({ inputs, outputs, gradients, wanted, options }) => ({
      requests: wanted.x ? [map(gradients.out!, [{
        formula: `${formulaOf(options)}Backward`, parameters: parametersOf(options), operands: [rule.saves === 'x' ? inputs.x! : outputs.out!],
      }], wanted.x)] : [],
    }),
  };
}

export const sigmoid = unary('sigmoid', { saves: 'y' });
export const tanh = unary('tanh', { saves: 'y' });
export const relu = unary('relu', { saves: 'y', canDie: true });
export const leakyRelu = unary('leakyRelu', {
  saves: 'y',
  options: ['negativeSlope'],
  // A negative slope would make the sign of y ambiguous, and no net wants one.
  parameters: ({ negativeSlope = 0.01 }) => [checkNumber('leakyRelu', 'negativeSlope', negativeSlope, { min: 0 })],
});
export const gelu = unary('gelu', {
  saves: 'x',
  options: ['approximate'],
  formula: ({ approximate = 'none' }) => {
    if (approximate !== 'none' && approximate !== 'tanh') {
      throw new OptionError('gelu', 'approximate to be "none" (by erf) or "tanh"', show(approximate));
    }
    return approximate === 'tanh' ? 'geluTanh' : 'gelu';
  },
});
export const silu = unary('silu', { saves: 'x' });
