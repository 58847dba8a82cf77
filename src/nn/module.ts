import { ChainruleError, OptionError, ShapeError, show } from '../errors.ts';
import { sameShape, showShape, type ElementType, type Shape, type Tensor } from '../ops/tensor.ts';
import { currentTrace, type Trace } from '../program/trace.ts';
import type { Initializer } from './initializers.ts';

/** A trainable tensor as a layer declares it: its shape and how it starts. Two layers that share it train one tensor. */
export interface Parameter {
  readonly shape: Shape;
  readonly initializer: Initializer;
}

/**
 * A layer, or a net made of layers. It is called with tensors inside a forward function (most layers take one and return
 * one); until the model is compiled it holds no numbers.
 */
export interface Module<Arguments extends readonly unknown[] = [x: Tensor], Result = Tensor> {
  (...inputs: Arguments): Result;
  /** What it is, for messages: `linear`. */
  readonly kind: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
  /** State that is not trained but saved with the model, like running means. */
  readonly buffers: Readonly<Record<string, Parameter>>;
  readonly children: Readonly<Record<string, AnyModule>>;
  /** The shape of one example that it takes, where it can tell. */
  readonly inputShape?: Shape;
  /** What it takes, where that is not f32: `u32` for indices, such as an embedding's. */
  readonly inputType?: ElementType;
  /** Where it takes indices: they are below this number. */
  readonly inputClasses?: number;
  /** True where it takes any shape and returns another, so that the layer after it says nothing of its input. */
  readonly reshapes?: boolean;
  /** The module whose parameters and children it has, under the same names, where it only changes how that one runs. */
  readonly wraps?: AnyModule;
}

/** A module whatever it takes and returns. */
export type AnyModule = Module<never, unknown>;

/** What a layer's forward function gets beside its inputs. */
export interface Context {
  /** Its own parameters and buffers as tensors. */
  readonly parameters: Readonly<Record<string, Tensor>>;
  readonly buffers: Readonly<Record<string, Tensor>>;
  /** True in a training step, false in evaluation and prediction. */
  readonly training: boolean;
  /** The source of random numbers, in a training step only. */
  readonly randomness: Randomness | undefined;
  /** Makes a buffer take this tensor's value at the end of the training step; whoever uses the layer again in this step reads it already. */
  update(buffer: string, value: Tensor): void;
}

/**
 * Where the random numbers of a traced step come from: one leaf `counter` [3] of the graph (seed low, seed high, step), which
 * is there only if somebody draws, and a number for each draw that keeps their random numbers apart.
 */
export class Randomness {
  readonly #trace: Trace;
  #counter: Tensor | undefined;
  #draws = 0;

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  get counter(): Tensor | undefined {
    return this.#counter;
  }

  draw(): { counter: Tensor; layer: number } {
    this.#counter ??= this.#trace.tensor('counter', [3], 'input', 'u32');
    this.#draws += 1;
    return { counter: this.#counter, layer: this.#draws - 1 };
  }
}

/** Where a module and its parameters stand in the model that is being traced. */
interface Place {
  readonly path: string;
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly buffers: Readonly<Record<string, Tensor>>;
}

/** What a training step has beside its graph: random numbers, and what buffers become at its end (by their tensors' ids). */
export interface TrainingTrace {
  readonly randomness: Randomness;
  readonly updates: Map<number, Tensor>;
}

/** Places of the model under compilation. Tracing is synchronous, so one at a time is enough. */
let places: ReadonlyMap<AnyModule, Place> | undefined;
/** Set while a training step is traced. */
let training: TrainingTrace | undefined;

/** Runs `body` as a training step is traced, or without `source` as evaluation and prediction are. */
export function withTraining<T>(source: TrainingTrace | undefined, body: () => T): T {
  const outer = training;
  training = source;
  try {
    return body();
  } finally {
    training = outer;
  }
}

function checkParameters(what: string, list: Readonly<Record<string, Parameter>>): void {
  for (const [name, parameter] of Object.entries(list)) {
    const { shape, initializer } = parameter ?? {};
    if (!/^[A-Za-z0-9_]{1,64}$/.test(name)) throw new OptionError('defineModule', `${what} named with at most 64 letters, digits and _`, show(name));
    if (!Array.isArray(shape) || !shape.every((dimension) => Number.isSafeInteger(dimension) && dimension > 0)) {
      throw new ShapeError('defineModule', `a shape of sizes > 0 for ${name}`, Array.isArray(shape) ? showShape(shape) : show(shape));
    }
    if (typeof initializer?.fill !== 'function') throw new OptionError('defineModule', `an initializer for ${name}, such as zeros()`, show(initializer));
  }
}

function contextOf(kind: string, place: Place): Context {
  const { updates, randomness } = training ?? {};
  return {
    parameters: place.tensors,
    buffers: Object.fromEntries(Object.entries(place.buffers).map(([name, tensor]) => [name, updates?.get(tensor.id) ?? tensor])),
    training: training !== undefined,
    randomness,
    update: (name, value) => {
      const buffer = Object.hasOwn(place.buffers, name) ? place.buffers[name]! : undefined;
      if (!buffer) throw new OptionError(kind, `a buffer among ${Object.keys(place.buffers).join(', ') || '(none)'}`, show(name));
      if (!updates) throw new ChainruleError('state', kind, 'to change its buffers in training only', 'an update in evaluation or prediction', 'Ask context.training first.');
      if (!sameShape(buffer.shape, value.shape)) throw new ShapeError(kind, `${name} of shape ${showShape(buffer.shape)}`, showShape(value.shape));
      updates.set(buffer.id, value);
    },
  };
}

/**
 * Makes a layer: `forward` gets its context (parameters, buffers, whether it is training, random numbers) and its inputs.
 * Without parameters it may also be called in an objective, where there is no model.
 */
export function defineModule<Arguments extends readonly unknown[] = [x: Tensor], Result = Tensor>(parts: {
  readonly kind: string;
  readonly parameters?: Readonly<Record<string, Parameter>>;
  readonly buffers?: Readonly<Record<string, Parameter>>;
  readonly children?: Readonly<Record<string, AnyModule>>;
  readonly inputShape?: Shape;
  readonly inputType?: ElementType;
  readonly inputClasses?: number;
  readonly reshapes?: boolean;
  readonly wraps?: AnyModule;
  readonly forward: (context: Context, ...inputs: Arguments) => Result;
}): Module<Arguments, Result> {
  const { kind, parameters = {}, buffers = {}, children = {}, forward, inputShape, inputType, inputClasses, reshapes, wraps } = parts ?? {};
  if (typeof kind !== 'string' || kind === '') throw new OptionError('defineModule', 'a kind: a name for messages', show(kind));
  if (typeof forward !== 'function') throw new OptionError('defineModule', `forward of ${kind} as a function`, show(forward));
  checkParameters('parameters', parameters);
  checkParameters('buffers', buffers);
  const clash = Object.keys(buffers).find((name) => Object.hasOwn(parameters, name));
  if (clash !== undefined) throw new OptionError('defineModule', 'names of buffers that no parameter has', show(clash));
  const self: Module<Arguments, Result> = Object.assign((...inputs: Arguments): Result => {
    const trace = currentTrace(kind);
    const [x] = inputs as readonly unknown[] as readonly (Tensor | undefined)[];
    if (!x || trace.graph.tensors[x.id] !== x) {
      throw new ChainruleError('state', kind, 'a tensor of this model', show(x), 'Pass on what the forward function was given, or what another layer or op returned.');
    }
    if (!places) {
      const needed = [...Object.keys(parameters), ...Object.keys(buffers)];
      if (needed.length === 0) return trace.within(kind, () => forward(contextOf(kind, { path: '', tensors: {}, buffers: {} }), ...inputs));
      throw new ChainruleError('state', kind, 'a model, whose compilation gives it its parameters', 'a call in an objective',
        `Apply the op to tensors of the objective: applyOp('${kind}', { x, ${needed.join(', ')} }).`);
    }
    const place = places.get(self);
    if (!place) {
      throw new ChainruleError('state', kind, 'every layer that a forward function calls to be among its module\'s children', 'a call of one that is not',
        'List it in module({ … }, forward).');
    }
    return trace.within(place.path === '' ? kind : place.path, () => forward(contextOf(kind, place), ...inputs));
  }, {
    kind, parameters, buffers, children,
    ...(inputShape ? { inputShape } : {}), ...(inputType ? { inputType } : {}), ...(inputClasses === undefined ? {} : { inputClasses }),
    ...(reshapes ? { reshapes } : {}), ...(wraps ? { wraps } : {}),
  });
  return self;
}

/** A tensor of a model with its full name and how it starts. */
export interface NamedParameter {
  readonly name: string;
  readonly parameter: Parameter;
  readonly tensor: Tensor;
}

/**
 * Calls a model once on `x` and returns its output. Parameters and buffers become tensors of the trace under PyTorch's names
 * (`0.weight`, `encoder.fc1.bias`); one that stands in several places keeps its first name and is one tensor.
 * `frozen` names parameters, or modules with all that is in them, that get no gradient; `partOf` says in which part of its arena each of
 * the others stands.
 */
export function traceModel(
  model: Module, x: Tensor, frozen: readonly string[] = [], partOf: (name: string, shape: Shape) => number = () => 0,
): { output: Tensor; parameters: NamedParameter[]; buffers: NamedParameter[] } {
  if (typeof model !== 'function' || typeof model.kind !== 'string') {
    throw new OptionError('compile', 'a model: sequential(…), module(…) or one layer', show(model));
  }
  const trace = currentTrace('compile');
  const found = new Map<Parameter, NamedParameter & { readonly isBuffer: boolean }>();
  const named = new Map<AnyModule, Place>();
  const isFrozen = (full: string): boolean => frozen.some((name) => full === name || full.startsWith(`${name}.`));
  const tensorsOf = (list: Readonly<Record<string, Parameter>>, path: string, isBuffer: boolean): Record<string, Tensor> =>
    Object.fromEntries(Object.entries(list).map(([name, parameter]) => {
      const full = path === '' ? name : `${path}.${name}`;
      let entry = found.get(parameter);
      if (!entry) {
        const tensor = trace.tensor(full, parameter.shape, isBuffer ? 'buffer' : 'parameter', 'f32',
          isBuffer ? {} : isFrozen(full) ? { frozen: true } : { group: partOf(full, parameter.shape) });
        entry = { name: full, parameter, tensor, isBuffer };
        found.set(parameter, entry);
      }
      return [name, entry.tensor];
    }));
  const visit = (module: AnyModule, path: string): void => {
    if (named.has(module)) return;
    named.set(module, { path, tensors: tensorsOf(module.parameters, path, false), buffers: tensorsOf(module.buffers, path, true) });
    if (module.wraps) visit(module.wraps, path);
    for (const [name, child] of Object.entries(module.children)) visit(child, path === '' ? name : `${path}.${name}`);
  };
  visit(model, '');
  const all = [...found.values()];
  const parameters = all.filter(({ isBuffer }) => !isBuffer);
  const names = parameters.map(({ name }) => name);
  const stranger = frozen.find((name) => !names.some((full) => full === name || full.startsWith(`${name}.`)));
  if (stranger !== undefined) {
    throw new OptionError('compile', `frozen to name parameters or layers that have some (${names.slice(0, 6).join(', ')}${names.length > 6 ? ', …' : ''})`, show(stranger),
      'A parameter that stands in several places goes by its first name.');
  }
  const outer = places;
  places = named;
  try {
    return { output: model(x), parameters, buffers: all.filter(({ isBuffer }) => isBuffer) };
  } finally {
    places = outer;
  }
}
