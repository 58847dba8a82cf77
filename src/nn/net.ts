import { ChainruleError, LimitError, ShapeError, show } from '../errors.ts';
import { showShape, sizeOf, type Shape, type Tensor } from '../ops/tensor.ts';
import type { Graph } from '../program/graph.ts';
import { Trace, tracing } from '../program/trace.ts';
import type { Loss } from './losses.ts';
import { traceModel, type Module, type Parameter } from './module.ts';

/** A model traced for one batch size. */
export interface Net {
  readonly graph: Graph;
  readonly rows: number;
  readonly inputs: Tensor;
  readonly outputs: Tensor;
  readonly parameters: readonly { readonly name: string; readonly parameter: Parameter; readonly tensor: Tensor }[];
  /** The shape of the output for one example. */
  readonly outputShape: Shape;
}

/** A net with its loss. */
export interface LossNet extends Net {
  readonly targets: Tensor;
  readonly loss: Tensor;
}

function traceForward(trace: Trace, model: Module, inputShape: Shape, rows: number): Net {
  const inputs = trace.tensor('inputs', [rows, ...inputShape], 'input');
  const { output, parameters } = traceModel(model, inputs);
  if (!output || trace.graph.tensors[output.id] !== output) {
    throw new ChainruleError('state', 'compile', 'a forward function that returns a tensor of its model', show(output));
  }
  if (output.shape[0] !== rows) {
    throw new ShapeError('compile', `a model output with one row per example: [${rows}, …]`, showShape(output.shape), 'Keep the first axis: it is the batch.');
  }
  // Kernels count in u32; beyond it the plan's own numbers would lose digits too.
  const large = trace.graph.tensors.find(({ shape }) => sizeOf(shape) >= 2 ** 32);
  if (large) throw new LimitError('compile', 'tensors of fewer than 2^32 numbers', `${large.name} ${showShape(large.shape)}`, 'Use a smaller batch or a smaller layer.');
  return { graph: trace.graph, rows, inputs, outputs: output, parameters, outputShape: output.shape.slice(1) };
}

/** The model alone, for predictions. */
export function traceNet(model: Module, inputShape: Shape, rows: number): Net {
  const trace = new Trace();
  return tracing(trace, () => traceForward(trace, model, inputShape, rows));
}

/** The model with its loss, for training and evaluation. */
export function traceLossNet(model: Module, inputShape: Shape, rows: number, loss: Loss): LossNet {
  const trace = new Trace();
  return tracing(trace, () => {
    const net = traceForward(trace, model, inputShape, rows);
    const { shape, type } = loss.target(net.outputShape);
    const targets = trace.tensor('targets', [rows, ...shape], 'target', type);
    const result = trace.within('loss', () => loss.apply(net.outputs, targets));
    if (trace.graph.tensors[result?.id] !== result || result.shape.length > 0) {
      throw new ShapeError(loss.name, 'to return one number, a tensor of shape []', result?.shape ? showShape(result.shape) : String(result), 'Take its mean() or sum().');
    }
    return { ...net, targets, loss: result };
  });
}
