import { ChainruleError, OptionError, show } from '../errors.ts';
import type { Shape, Tensor } from '../ops/tensor.ts';
import { currentTrace } from '../program/trace.ts';
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

/** Where a module and its parameters stand in the model that is being traced. */
interface Place {
  readonly path: string;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/** Places of the model under compilation. Tracing is synchronous, so one at a time is enough. */
let places: ReadonlyMap<Module, Place> | undefined;

/** Makes a layer: `forward` gets the input and its own parameters as tensors. */
export function defineModule(parts: {
  readonly kind: string;
  readonly parameters?: Readonly<Record<string, Parameter>>;
  readonly children?: Readonly<Record<string, Module>>;
  readonly inputShape?: Shape;
  readonly reshapes?: boolean;
  readonly forward: (x: Tensor, parameters: Readonly<Record<string, Tensor>>) => Tensor;
}): Module {
  const { kind, parameters = {}, children = {}, inputShape, reshapes, forward } = parts;
  const self: Module = Object.assign((x: Tensor): Tensor => {
    const trace = currentTrace(kind);
    if (!x || trace.graph.tensors[x.id] !== x) {
      throw new ChainruleError('state', kind, 'a tensor of this model', show(x), 'Pass on what the forward function was given, or what another layer or op returned.');
    }
    const place = places?.get(self);
    if (!place) {
      throw new ChainruleError('state', kind, 'every layer that a forward function calls to be among its module\'s children', 'a call of one that is not',
        'List it in module({ … }, forward).');
    }
    return trace.within(place.path === '' ? kind : place.path, () => forward(x, place.tensors));
  }, { kind, parameters, children, ...(inputShape ? { inputShape } : {}), ...(reshapes ? { reshapes } : {}) });
  return self;
}

/**
 * Calls a model once on `x` and returns its output. Parameters become tensors of the trace under PyTorch's names
 * (`0.weight`, `encoder.fc1.bias`); one that stands in several places keeps its first name and is one tensor.
 */
export function traceModel(model: Module, x: Tensor): { output: Tensor; parameters: { name: string; parameter: Parameter; tensor: Tensor }[] } {
  if (typeof model !== 'function' || typeof model.kind !== 'string') {
    throw new OptionError('compile', 'a model: sequential(…), module(…) or one layer', show(model));
  }
  const trace = currentTrace('compile');
  const found = new Map<Parameter, { name: string; parameter: Parameter; tensor: Tensor }>();
  const named = new Map<Module, Place>();
  const visit = (module: Module, path: string): void => {
    if (named.has(module)) return;
    const tensors: Record<string, Tensor> = {};
    for (const [name, parameter] of Object.entries(module.parameters)) {
      const full = path === '' ? name : `${path}.${name}`;
      let entry = found.get(parameter);
      if (!entry) {
        entry = { name: full, parameter, tensor: trace.tensor(full, parameter.shape, 'parameter') };
        found.set(parameter, entry);
      }
      tensors[name] = entry.tensor;
    }
    named.set(module, { path, tensors });
    for (const [name, child] of Object.entries(module.children)) visit(child, path === '' ? name : `${path}.${name}`);
  };
  visit(model, '');
  const outer = places;
  places = named;
  try {
    return { output: model(x), parameters: [...found.values()] };
  } finally {
    places = outer;
  }
}
