import { ChainruleError, checkOptionNames, ShapeError, show } from '../errors.ts';
import { typeOf, type Op, type Options } from '../ops/op.ts';
import { register, registered } from '../ops/registry.ts';
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
    // Graphs hold names: whoever plans one finds the op by it.
    if (!Object.hasOwn(registered, op.name)) register(op);
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

/** Applies an op in the trace under way. */
export function apply(op: Op, inputs: Readonly<Record<string, Tensor | undefined>>, options: Options = {}): Tensor {
  return currentTrace(op.name).apply(op, inputs, options);
}
