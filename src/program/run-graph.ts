import type { Device } from '../gpu/device.ts';
import type { Target, Traits } from '../ops/request.ts';
import type { Graph, Snapshot } from './graph.ts';
import type { Halve } from './halve.ts';
import { forwardValues } from './launch-record.ts';
import { observeProgram, poisonProgram } from './observe-program.ts';
import { planProgram, type Alter, type ProgramPlan } from './plan.ts';
import { BufferStore, Program } from './program.ts';

/** The numbers of every leaf, by tensor id. */
type Values = Readonly<Record<number, Float32Array | Uint32Array>>;

export interface GraphRun {
  /** For labels. */
  readonly name: string;
  readonly graph: Graph;
  readonly values: Values;
  /** The objective is Σ ⟨tensor, cotangent⟩. */
  readonly seeds: Snapshot['seeds'];
  /** Tensors to differentiate the objective by. */
  readonly wanted: readonly number[];
  /** What differs from the device's own target. */
  readonly target?: Partial<Target>;
  /** Lets products read f16, as in a step of mixed precision. Default none: all is f32. */
  readonly halve?: Halve;
  /** Changes the plan before it is compiled: mutation tests plant bugs with it. */
  readonly alter?: Alter;
  /** Whether every output holds NaN before its launch. Default true; false shows what poison is good for. */
  readonly poison?: boolean;
  /** Leaves of a run that comes first, on the same buffers: whatever the real run forgets to write then holds its numbers. */
  readonly before?: Values;
}

/** The plan of a run as a device of this kind gets it, before anything is altered: no GPU is needed. */
export function planGraph({ name, graph, seeds, wanted, target = {}, halve }: GraphRun, traits: Traits): ProgramPlan {
  return planProgram({
    name, graph,
    target: { ...traits, fusion: true, variants: {}, ...(halve ? { precision: 'mixed' } : {}), ...target }, halve,
    seeds: seeds.map(({ tensor }) => ({ tensor, cotangent: 'given' })), wanted, kept: seeds.map(({ tensor }) => tensor),
  });
}

/** Gradients that depend on nothing but the cotangent must differ from those of the earlier run too. */
function otherCotangent(cotangent: Float32Array): Float32Array {
  return cotangent.map((_, i) => cotangent[(i + 1) % cotangent.length]! * (0.6 + 0.3 * Math.sin(i)));
}

/** Runs a graph once forward and backward on the GPU, poisoned beforehand: the same planning, fusion and launches as in a net. */
export async function runGraph(device: Device, run: GraphRun): Promise<Snapshot> {
  const { name, graph, values, seeds, wanted, alter = (plan) => plan, poison = true, before } = run;
  await device.probed;
  const planned = planGraph(run, device.traits);
  const plan = alter(planned);
  const store = new BufferStore(device);
  try {
    const program = await Program.create(device, store, plan);
    const write = (leaves: Values): void => {
      for (const [id, data] of Object.entries(leaves)) program.write(graph.tensors[Number(id)]!, data);
    };
    const readGradients = async (): Promise<Record<number, Float32Array>> => {
      const gradients: Record<number, Float32Array> = {};
      for (const id of wanted) gradients[id] = await program.read(plan.gradients.get(id)!);
      return gradients;
    };
    const writeSeeds = (change: (cotangent: Float32Array) => Float32Array): void => {
      for (const { tensor, cotangent } of seeds) program.write(plan.cotangents.get(tensor)!, change(cotangent));
    };
    let previous: Record<number, Float32Array> | undefined;
    let earlier: Snapshot['earlier'];
    if (before) {
      // Right code leaves numbers behind: those that a planted bug would fail to overwrite.
      const right = await Program.create(device, store, planned);
      write(before);
      writeSeeds(otherCotangent);
      earlier = await observeProgram(right, name, false, 'forward', 'backward');
      previous = await readGradients();
    }
    if (poison) poisonProgram(program);
    write(values);
    writeSeeds((cotangent) => cotangent);
    const launches = await observeProgram(program, name, poison, 'forward', 'backward');
    const computed = forwardValues(launches);
    for (const { tensor } of seeds) computed[tensor] = await program.read(graph.tensors[tensor]!);
    return { graph, values, seeds, gradients: await readGradients(), computed, adapter: device.name, launches, ...(previous ? { previous, earlier } : {}) };
  } finally {
    store.destroy();
  }
}
