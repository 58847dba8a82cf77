import { ChainruleError, OptionError, ShapeError, show } from '../errors.ts';
import { showShape, type Shape, type Tensor } from '../ops/tensor.ts';
import { currentTrace, type Trace } from '../program/trace.ts';
import type { Initializer } from './initializers.ts';

/** A trainable tensor as a layer declares it: its shape and how it starts. Two layers that share it train one tensor. */
export interface Parameter {
  readonly shape: Shape;
  readonly initializer: Initializer;
}

/**
 * A layer, or a net made of layers. It is called with a tensor inside a forward function; until the model is compiled
 * it holds no numbers.
 */
export interface Module {
  (x: Tensor): Tensor;
  /** What it is, for messages: `linear`. */
  readonly kind: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly children: Readonly<Record<string, Module>>;
  /** The shape of one example that it takes, where it can tell. */
  readonly inputShape?: Shape;
  /** True where it takes any shape and returns another, so that the layer after it says nothing of its input. */
  readonly reshapes?: boolean;
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
}

/** Places of the model under compilation. Tracing is synchronous, so one at a time is enough. */
let places: ReadonlyMap<Module, Place> | undefined;
/** Set while something is traced that draws random numbers: a training step. */
let randomness: Randomness | undefined;

/** Runs `body` with `source` for the layers that draw random numbers; without one they pass their input on. */
export function withRandomness<T>(source: Randomness | undefined, body: () => T): T {
  const outer = randomness;
  randomness = source;
  try {
    return body();
  } finally {
    randomness = outer;
  }
}

/**
 * Makes a layer: `forward` gets the input and its own parameters as tensors, and in training the source of random numbers.
 * Without parameters it may also be called in an objective, where there is no model.
 */
export function defineModule(parts: {
  readonly kind: string;
  readonly parameters?: Readonly<Record<string, Parameter>>;
  readonly children?: Readonly<Record<string, Module>>;
  readonly inputShape?: Shape;
  readonly reshapes?: boolean;
  readonly forward: (x: Tensor, parameters: Readonly<Record<string, Tensor>>, randomness: Randomness | undefined) => Tensor;
}): Module {
  const { kind, parameters = {}, children = {}, inputShape, reshapes, forward } = parts ?? {};
  if (typeof kind !== 'string' || kind === '') throw new OptionError('defineModule', 'a kind: a name for messages', show(kind));
  if (typeof forward !== 'function') throw new OptionError('defineModule', `forward of ${kind} as a function`, show(forward));
  for (const [name, parameter] of Object.entries(parameters)) {
    const { shape, initializer } = parameter ?? {};
    if (!/^[A-Za-z0-9_]{1,64}$/.test(name)) throw new OptionError('defineModule', 'parameters named with at most 64 letters, digits and _', show(name));
    if (!Array.isArray(shape) || !shape.every((dimension) => Number.isSafeInteger(dimension) && dimension > 0)) {
      throw new ShapeError('defineModule', `a shape of sizes > 0 for ${name}`, Array.isArray(shape) ? showShape(shape) : show(shape));
    }
    if (typeof initializer?.fill !== 'function') throw new OptionError('defineModule', `an initializer for ${name}, such as zeros()`, show(initializer));
  }
  const self: Module = Object.assign((x: Tensor): Tensor => {
    const trace = currentTrace(kind);
    if (!x || trace.graph.tensors[x.id] !== x) {
      throw new ChainruleError('state', kind, 'a tensor of this model', show(x), 'Pass on what the forward function was given, or what another layer or op returned.');
    }
    if (!places) {
      if (Object.keys(parameters).length === 0) return trace.within(kind, () => forward(x, {}, randomness));
      throw new ChainruleError('state', kind, 'a model, whose compilation gives it its parameters', 'a call in an objective',
        `Apply the op to tensors of the objective: applyOp('${kind}', { x, ${Object.keys(parameters).join(', ')} }).`);
    }
    const place = places.get(self);
    if (!place) {
      throw new ChainruleError('state', kind, 'every layer that a forward function calls to be among its module\'s children', 'a call of one that is not',
        'List it in module({ … }, forward).');
    }
    return trace.within(place.path === '' ? kind : place.path, () => forward(x, place.tensors, randomness));
  }, { kind, parameters, children, ...(inputShape ? { inputShape } : {}), ...(reshapes ? { reshapes } : {}) });
  return self;
}

/**
 * Calls a model once on `x` and returns its output. Parameters become tensors of the trace under PyTorch's names
 * (`0.weight`, `encoder.fc1.bias`); one that stands in several places keeps its first name and is one tensor.
 * `frozen` names parameters, or modules with all that is in them, that get no gradient.
 */
export function traceModel(
  model: Module, x: Tensor, frozen: readonly string[] = [],
): { output: Tensor; parameters: { name: string; parameter: Parameter; tensor: Tensor }[] } {
  if (typeof model !== 'function' || typeof model.kind !== 'string') {
    throw new OptionError('compile', 'a model: sequential(…), module(…) or one layer', show(model));
  }
  const trace = currentTrace('compile');
  const found = new Map<Parameter, { name: string; parameter: Parameter; tensor: Tensor }>();
  const named = new Map<Module, Place>();
  const isFrozen = (full: string): boolean => frozen.some((name) => full === name || full.startsWith(`${name}.`));
  const visit = (module: Module, path: string): void => {
    if (named.has(module)) return;
    const tensors: Record<string, Tensor> = {};
    for (const [name, parameter] of Object.entries(module.parameters)) {
      const full = path === '' ? name : `${path}.${name}`;
      let entry = found.get(parameter);
      if (!entry) {
        entry = { name: full, parameter, tensor: trace.tensor(full, parameter.shape, 'parameter', 'f32', isFrozen(full) ? { frozen: true } : {}) };
        found.set(parameter, entry);
      }
      tensors[name] = entry.tensor;
    }
    named.set(module, { path, tensors });
    for (const [name, child] of Object.entries(module.children)) visit(child, path === '' ? name : `${path}.${name}`);
  };
  visit(model, '');
  const names = [...found.values()].map(({ name }) => name);
  const stranger = frozen.find((name) => !names.some((full) => full === name || full.startsWith(`${name}.`)));
  if (stranger !== undefined) {
    throw new OptionError('compile', `frozen to name parameters or layers that have some (${names.slice(0, 6).join(', ')}${names.length > 6 ? ', …' : ''})`, show(stranger),
      'A parameter that stands in several places goes by its first name.');
  }
  const outer = places;
  places = named;
  try {
    return { output: model(x), parameters: [...found.values()] };
  } finally {
    places = outer;
  }
}
