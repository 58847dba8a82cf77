import { OptionError, show } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import { ops } from '../ops/index.ts';
import type { Shape, Tensor } from '../ops/tensor.ts';
import type { Snapshot } from './graph.ts';
import { runGraph, type GraphRun } from './run-graph.ts';
import { Trace, tracing } from './trace.ts';

export interface OpInput {
  readonly shape: Shape;
  readonly data: Float32Array | Uint32Array;
}

/**
 * Runs one op forward and backward on the GPU, everything poisoned beforehand: f32 inputs are differentiated as
 * parameters, `cotangent` is d objective / d out. The same planning, fusion and launches as in a net.
 */
export function runOp(
  device: Device, name: string, options: Readonly<Record<string, unknown>>, inputs: Readonly<Record<string, OpInput>>,
  cotangent: Float32Array, settings: Pick<GraphRun, 'target' | 'rewrite'> = {},
): Promise<Snapshot> {
  const op = Object.hasOwn(ops, name) ? ops[name]! : undefined;
  if (!op) throw new OptionError('runOp', `an op among ${Object.keys(ops).join(', ')}`, show(name));
  const trace = new Trace();
  const tensors: Record<string, Tensor> = {};
  const out = tracing(trace, () => {
    for (const [input, { shape, data }] of Object.entries(inputs)) {
      const differentiable = data instanceof Float32Array && !op.constants?.includes(input);
      tensors[input] = trace.tensor(input, shape, differentiable ? 'parameter' : 'input', data instanceof Uint32Array ? 'u32' : 'f32');
    }
    return trace.apply(op, tensors, options);
  });
  return runGraph(device, {
    name, graph: trace.graph, ...settings,
    values: Object.fromEntries(Object.entries(tensors).map(([input, { id }]) => [id, inputs[input]!.data])),
    seeds: [{ tensor: out.id, cotangent }],
    wanted: Object.values(tensors).filter(({ role }) => role === 'parameter').map(({ id }) => id),
  });
}
