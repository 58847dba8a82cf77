import { ChainruleError, LimitError, OptionError, ShapeError, show } from '../errors.ts';
import { showShape, sizeOf, type ElementType, type Shape, type Tensor } from '../ops/tensor.ts';
import type { Graph } from '../program/graph.ts';
import { Trace, tracing } from '../program/trace.ts';
import type { Loss } from './losses.ts';
import { Randomness, traceModel, withTraining, type Module, type NamedParameter } from './module.ts';
import type { Penalised } from './regularization.ts';

/** A model traced for one batch size. */
export interface Net {
  readonly graph: Graph;
  readonly rows: number;
  readonly inputs: Tensor;
  readonly outputs: Tensor;
  readonly parameters: readonly NamedParameter[];
  /** State that is not trained; in training with the tensor whose value each takes at the end of a step. */
  readonly buffers: readonly (NamedParameter & { readonly next?: Tensor })[];
  /** The shape of the output for one example. */
  readonly outputShape: Shape;
  /** The leaf that random numbers are drawn by (u32 [3]: seed low, seed high, step), where the model draws some. */
  readonly counter?: Tensor;
}

/** How a model is traced. */
export interface Tracing {
  /** Whether it is for training: dropout is active, and the penalty is part of the loss. */
  readonly training?: boolean;
  /** Names of parameters, or of layers, that get no gradient. */
  readonly frozen?: readonly string[];
  /** The part of its arena that a parameter stands in. */
  readonly partOf?: (name: string, shape: Shape) => number;
  /** Adds penalties to the loss. */
  readonly penalised?: Penalised | undefined;
  /** What the model takes. Default as its first layer says, else f32. */
  readonly inputType?: ElementType;
}

/** A net with its loss. */
export interface LossNet extends Net {
  readonly targets: Tensor;
  readonly loss: Tensor;
  /** The label of rows that count nothing, where the loss has one. */
  readonly ignoreIndex?: number;
}

function traceForward(trace: Trace, model: Module, inputShape: Shape, rows: number, { training = false, frozen = [], partOf, inputType = model.inputType ?? 'f32' }: Tracing): Net {
  const inputs = trace.tensor('inputs', [rows, ...inputShape], 'input', inputType);
  const step = training ? { randomness: new Randomness(trace), updates: new Map<number, Tensor>() } : undefined;
  const { output, parameters, buffers } = withTraining(step, () => traceModel(model, inputs, frozen, partOf));
  if (!output || trace.graph.tensors[output.id] !== output) {
    throw new ChainruleError('state', 'compile', 'a forward function that returns a tensor of its model', show(output));
  }
  if (output.shape[0] !== rows) {
    throw new ShapeError('compile', `a model output with one row per example: [${rows}, …]`, showShape(output.shape), 'Keep the first axis: it is the batch.');
  }
  // Kernels count in u32; beyond it the plan's own numbers would lose digits too.
  const large = trace.graph.tensors.find(({ shape }) => sizeOf(shape) >= 2 ** 32);
  if (large) throw new LimitError('compile', 'tensors of fewer than 2^32 numbers', `${large.name} ${showShape(large.shape)}`, 'Use a smaller batch or a smaller layer.');
  return {
    graph: trace.graph, rows, inputs, outputs: output, parameters, outputShape: output.shape.slice(1),
    buffers: buffers.map((buffer) => ({ ...buffer, ...(step?.updates.has(buffer.tensor.id) ? { next: step.updates.get(buffer.tensor.id)! } : {}) })),
    ...(step?.randomness.counter ? { counter: step.randomness.counter } : {}),
  };
}

/** The model alone, for predictions. */
export function traceNet(model: Module, inputShape: Shape, rows: number, how: Tracing = {}): Net {
  const trace = new Trace();
  return tracing(trace, () => traceForward(trace, model, inputShape, rows, how));
}

/** The model with its loss, for training and evaluation. */
export function traceLossNet(model: Module, inputShape: Shape, rows: number, loss: Loss, how: Tracing = {}): LossNet {
  const trace = new Trace();
  return tracing(trace, () => {
    const net = traceForward(trace, model, inputShape, rows, how);
    const { shape, type } = loss.target(net.outputShape);
    const targets = trace.tensor('targets', [rows, ...shape], 'target', type);
    const result = trace.within('loss', () => loss.apply(net.outputs, targets));
    if (trace.graph.tensors[result?.id] !== result || result.shape.length > 0) {
      throw new ShapeError(loss.name, 'to return one number, a tensor of shape []', result?.shape ? showShape(result.shape) : String(result), 'Take its mean() or sum().');
    }
    const trainable = net.parameters.filter(({ tensor }) => !tensor.frozen);
    if (trainable.length === 0 && net.parameters.length > 0) {
      throw new OptionError('compile', 'at least one parameter that is not frozen', `all ${net.parameters.length} of them frozen`, 'Nothing would be left to train.');
    }
    const all = { ...net, targets, ...(loss.ignoreIndex === undefined ? {} : { ignoreIndex: loss.ignoreIndex }) };
    return { ...all, loss: (how.training && how.penalised?.(result, trainable)) || result };
  });
}
