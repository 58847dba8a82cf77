import { OptionError, show } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import { ops } from '../ops/index.ts';
import type { Shape, Tensor } from '../ops/tensor.ts';
import type { Snapshot } from './graph.ts';
import { runGraph, type GraphRun } from './run-graph.ts';
import { Trace, tracing } from './trace.ts';

type Settings = Pick<GraphRun, 'target' | 'alter' | 'poison' | 'halve'> & { readonly before?: Readonly<Record<string, OpInput>> };

export interface OpInput {
  readonly shape: Shape;
  readonly data: Float32Array | Uint32Array;
}

/**
 * Runs one op forward and backward on the GPU, everything poisoned beforehand: f32 inputs are differentiated as
 * parameters, `cotangent` is d objective / d out. The same planning, fusion and launches as in a net. `before` gives the
 * inputs of a run that comes first (see GraphRun).
 */
export function runOp(
  device: Device, name: string, options: Readonly<Record<string, unknown>>, inputs: Readonly<Record<string, OpInput>>,
  cotangent: Float32Array, settings: Settings = {},
): Promise<Snapshot> {
  return runGraph(device, opRun(name, options, inputs, cotangent, settings));
}

/** What `runOp` runs: a graph of the one op. */
export function opRun(
  name: string, options: Readonly<Record<string, unknown>>, inputs: Readonly<Record<string, OpInput>>, cotangent: Float32Array, settings: Settings = {},
): GraphRun {
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
  const { before, ...rest } = settings;
  const valuesOf = (given: Readonly<Record<string, OpInput>>) => Object.fromEntries(Object.entries(tensors).map(([input, { id }]) => [id, given[input]!.data]));
  return {
    name, graph: trace.graph, ...rest,
    values: valuesOf(inputs), ...(before ? { before: valuesOf(before) } : {}),
    seeds: [{ tensor: out.id, cotangent }],
    wanted: Object.values(tensors).filter(({ role }) => role === 'parameter').map(({ id }) => id),
  };
}
