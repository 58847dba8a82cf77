import type { Device } from '../gpu/device.ts';
import { submit } from '../gpu/sequence.ts';
import { ops } from '../ops/index.ts';
import type { Target } from '../ops/request.ts';
import type { Shape, Tensor } from '../ops/tensor.ts';
import type { Snapshot } from './graph.ts';
import { planProgram } from './plan.ts';
import { BufferStore, Program } from './program.ts';
import { Trace, tracing } from './trace.ts';

export interface OpInput {
  readonly shape: Shape;
  readonly data: Float32Array | Uint32Array;
}

/**
 * Runs one op forward and backward on the GPU, everything poisoned beforehand: f32 inputs are differentiated as
 * parameters, `cotangent` is d objective / d out. The same planning, fusion and launches as in a net.
 */
export async function runOp(
  device: Device, name: string, options: Readonly<Record<string, unknown>>, inputs: Readonly<Record<string, OpInput>>,
  cotangent: Float32Array, target: Partial<Target> = {},
): Promise<Snapshot> {
  const op = ops[name]!;
  const trace = new Trace();
  const tensors: Record<string, Tensor> = {};
  const out = tracing(trace, () => {
    for (const [input, { shape, data }] of Object.entries(inputs)) {
      const differentiable = data instanceof Float32Array && !op.constants?.includes(input);
      tensors[input] = trace.tensor(input, shape, differentiable ? 'parameter' : 'input', data instanceof Uint32Array ? 'u32' : 'f32');
    }
    return trace.apply(op, tensors, options);
  });
  const wanted = Object.values(tensors).filter(({ role }) => role === 'parameter').map(({ id }) => id);
  const plan = planProgram({
    name, graph: trace.graph,
    target: { adapterClass: device.adapterClass, maxBindings: device.maxBindings, fusion: true, variants: {}, ...target },
    seeds: [{ tensor: out.id, cotangent: 'given' }], wanted, kept: [out.id],
  });
  const store = new BufferStore(device);
  try {
    const program = await Program.create(device, store, plan);
    program.poison();
    for (const [input, tensor] of Object.entries(tensors)) program.write(tensor, inputs[input]!.data);
    program.write(plan.cotangents.get(out.id)!, cotangent);
    submit(device, name, program.dispatches('forward', 'backward'));
    const gradients: Record<number, Float32Array> = {};
    for (const id of wanted) gradients[id] = await program.read(plan.gradients.get(id)!);
    return {
      graph: trace.graph, gradients,
      values: Object.fromEntries(Object.entries(tensors).map(([input, { id }]) => [id, inputs[input]!.data])),
      seeds: [{ tensor: out.id, cotangent }],
      computed: { [out.id]: await program.read(out.viewOf === undefined ? out : { ...out, id: out.viewOf }) },
      adapter: device.name,
      launches: plan.launches.map(({ label, kernel }) => ({ label, kernel: kernel.name })),
    };
  } finally {
    store.destroy();
  }
}
