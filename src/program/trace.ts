import { ChainruleError, checkOptionNames, OptionError, ShapeError, show } from '../errors.ts';
import { ops } from '../ops/index.ts';
import { typeOf, type Op, type Options } from '../ops/op.ts';
import { showShape, type ElementType, type Role, type Shape, type Tensor } from '../ops/tensor.ts';
import type { Graph, Node } from './graph.ts';

/** Collects what a model's forward function does when it is called once with tensors that hold no numbers yet. */
export class Trace {
  readonly #tensors: Tensor[] = [];
  readonly #nodes: Node[] = [];
  readonly #path: string[] = [];
  #block: number | undefined;
  #blocks = 0;

  get graph(): Graph {
    return { tensors: this.#tensors, nodes: this.#nodes };
  }

  tensor(name: string, shape: Shape, role: Role, type: ElementType = 'f32', { viewOf, layout, frozen, group }: Pick<Tensor, 'viewOf' | 'layout' | 'frozen' | 'group'> = {}): Tensor {
    const tensor: Tensor = {
      id: this.#tensors.length, name, shape: [...shape], type, role, ...(viewOf === undefined ? {} : { viewOf }), ...(layout ? { layout } : {}), ...(frozen ? { frozen } : {}), ...(group ? { group } : {}),
    };
    this.#tensors.push(tensor);
    return tensor;
  }

  /** Runs `body` with `label` as the name of what it applies, for messages. */
  within<T>(label: string, body: () => T): T {
    this.#path.push(label);
    try {
      return body();
    } finally {
      this.#path.pop();
    }
  }

  /** Runs `body` as a block whose inner tensors the backward pass makes again instead of keeping them. Blocks in blocks are part of the outer one. */
  recomputing<T>(body: () => T): T {
    if (this.#block !== undefined) return body();
    this.#block = this.#blocks++;
    try {
      return body();
    } finally {
      this.#block = undefined;
    }
  }

  apply(op: Op, inputs: Readonly<Record<string, Tensor | undefined>>, options: Options): Tensor {
    const label = this.#path[this.#path.length - 1] ?? '';
    const who = label === '' || label === op.name ? op.name : `${op.name} '${label}'`;
    const given: Record<string, Tensor> = {};
    for (const name of op.inputs) {
      const tensor = inputs[name];
      if (tensor === undefined && op.optional?.includes(name)) continue;
      if (!tensor || this.#tensors[tensor.id] !== tensor) {
        throw new ChainruleError('state', who, `a tensor of this model as ${name}`, show(tensor), 'Pass on what the forward function was given, or what another layer or op returned.');
      }
      given[name] = tensor;
    }
    checkOptionNames(who, options, op.options ?? []);
    const type = typeOf(op, given, who);
    const shapes = op.shapes(given, options, who);
    const outputs: Record<string, Tensor> = {};
    for (const [name, shape] of Object.entries(shapes)) {
      if (shape.some((dimension) => dimension === 0)) throw new ShapeError(who, 'sizes > 0', showShape(shape));
      const view = name === 'out' ? op.view?.(given, options, shape) : undefined;
      outputs[name] = this.tensor(`${label || op.name}.${name}`, shape, 'value', view?.of.type ?? (name === 'out' ? type : 'f32'), view
        ? { viewOf: view.of.viewOf ?? view.of.id, ...(view.layout ? { layout: view.layout } : {}) }
        : {});
    }
    const ids = (tensors: Readonly<Record<string, Tensor>>): Record<string, number> =>
      Object.fromEntries(Object.entries(tensors).map(([name, { id }]) => [name, id]));
    this.#nodes.push({ op: op.name, options, label: label || op.name, inputs: ids(given), outputs: ids(outputs), ...(this.#block === undefined ? {} : { block: this.#block }) });
    return outputs.out!;
  }
}

let current: Trace | undefined;

/** Makes `trace` the one that ops and layers write to while `body` runs. Tracing is synchronous. */
export function tracing<T>(trace: Trace, body: () => T): T {
  const outer = current;
  current = trace;
  try {
    return body();
  } finally {
    current = outer;
  }
}

/** The trace under way; `who` names the function that was called outside of one. */
export function currentTrace(who: string): Trace {
  if (!current) {
    throw new ChainruleError('state', who, 'to be called inside a model\'s forward function', 'a call outside of one', 'Use it in module(children, forward) or hand it to sequential(…).');
  }
  return current;
}

/** Applies an op by name in the trace under way. */
export function apply(name: string, inputs: Readonly<Record<string, Tensor | undefined>>, options: Options = {}): Tensor {
  return currentTrace(name).apply(ops[name]!, inputs, options);
}

/**
 * Applies an op in the forward function or objective that is being traced: one of the library by its name, or your own
 * as `defineOp` returned it. `inputs` are tensors by the op's own names for them; returns its output.
 * Throws an OptionError for an op that nobody defined, and what the op's shape rule throws.
 */
export function applyOp(op: Op | string, inputs: Readonly<Record<string, Tensor | undefined>>, options: Options = {}): Tensor {
  const name = typeof op === 'string' ? op : (op as Op | null)?.name;
  const known = typeof name === 'string' && Object.hasOwn(ops, name) ? ops[name]! : undefined;
  if (!known) throw new OptionError('applyOp', `an op among ${Object.keys(ops).join(', ')}`, show(name), 'Make your own op known with defineOp.');
  if (typeof op !== 'string' && known !== op) {
    throw new OptionError('applyOp', `the op that defineOp knows as ${name}`, 'another record of that name', 'Pass on what defineOp returned.');
  }
  if (inputs === null || typeof inputs !== 'object') throw new OptionError('applyOp', `tensors by name (${known.inputs.join(', ')})`, show(inputs));
  const stranger = Object.keys(inputs).find((input) => !known.inputs.includes(input));
  if (stranger !== undefined) throw new OptionError('applyOp', `inputs of ${known.name} among ${known.inputs.join(', ')}`, show(stranger));
  if (options === null || typeof options !== 'object') throw new OptionError('applyOp', 'options as an object', show(options));
  return currentTrace(known.name).apply(known, inputs, options);
}
