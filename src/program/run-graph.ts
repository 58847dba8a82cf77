import type { Kernel } from '../../shaders/kernel.ts';
import type { Device } from '../gpu/device.ts';
import { submit } from '../gpu/sequence.ts';
import type { Target } from '../ops/request.ts';
import type { Graph, Snapshot } from './graph.ts';
import { recordLaunches } from './launch-record.ts';
import { planProgram } from './plan.ts';
import { BufferStore, Program } from './program.ts';

export interface GraphRun {
  /** For labels. */
  readonly name: string;
  readonly graph: Graph;
  /** The numbers of every leaf, by tensor id. */
  readonly values: Readonly<Record<number, Float32Array | Uint32Array>>;
  /** The objective is Σ ⟨tensor, cotangent⟩. */
  readonly seeds: Snapshot['seeds'];
  /** Tensors to differentiate the objective by. */
  readonly wanted: readonly number[];
  /** What differs from the device's own target. */
  readonly target?: Partial<Target>;
  /** Changes every kernel before it is compiled: mutation tests plant bugs with it. */
  readonly rewrite?: (kernel: Kernel) => Kernel;
}

/** Runs a graph once forward and backward on the GPU, poisoned beforehand: the same planning, fusion and launches as in a net. */
export async function runGraph(device: Device, { name, graph, values, seeds, wanted, target = {}, rewrite = (kernel) => kernel }: GraphRun): Promise<Snapshot> {
  const planned = planProgram({
    name, graph,
    target: { adapterClass: device.adapterClass, maxBindings: device.maxBindings, fusion: true, variants: {}, ...target },
    seeds: seeds.map(({ tensor }) => ({ tensor, cotangent: 'given' })), wanted, kept: seeds.map(({ tensor }) => tensor),
  });
  const plan = { ...planned, launches: planned.launches.map((launch) => ({ ...launch, kernel: rewrite(launch.kernel) })) };
  const store = new BufferStore(device);
  try {
    const program = await Program.create(device, store, plan);
    program.poison();
    for (const [id, data] of Object.entries(values)) program.write(graph.tensors[Number(id)]!, data);
    for (const { tensor, cotangent } of seeds) program.write(plan.cotangents.get(tensor)!, cotangent);
    submit(device, name, program.dispatches('forward', 'backward'));
    const gradients: Record<number, Float32Array> = {};
    for (const id of wanted) gradients[id] = await program.read(plan.gradients.get(id)!);
    const computed: Record<number, Float32Array> = {};
    for (const { tensor } of seeds) computed[tensor] = await program.read(graph.tensors[tensor]!);
    return {
      graph, values, seeds, gradients, computed,
      adapter: device.name,
      launches: recordLaunches(plan.launches, plan.gradients),
    };
  } finally {
    store.destroy();
  }
}
