import { checkOptionNames, DataError, OptionError, ShapeError, show } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import { submit } from '../gpu/sequence.ts';
import type { Request, Target } from '../ops/request.ts';
import { showShape, sizeOf, type ElementType, type Shape, type Tensor } from '../ops/tensor.ts';
import { checkVariants } from '../ops/variants.ts';
import { cutRequests, partPlacements } from './cutting.ts';
import { fuse } from './fusion.ts';
import { bytesOf, type BufferPlan, type Placement } from './memory.ts';
import { poisonProgram } from './observe-program.ts';
import { divide, lower } from './plan.ts';
import { BufferStore, Program } from './program.ts';

let created = 0;

/** A tensor for requests of your own: a name for messages and a shape; its numbers come with `runRequests`. */
export function createTensor(name: string, shape: Shape, type: ElementType = 'f32'): Tensor {
  if (!Array.isArray(shape) || !shape.every((dimension) => Number.isSafeInteger(dimension) && dimension > 0)) {
    throw new ShapeError('createTensor', 'a list of sizes > 0', Array.isArray(shape) ? showShape(shape) : String(shape));
  }
  created += 1;
  return { id: created, name, shape: [...shape], type, role: 'value' };
}

export interface RequestRun {
  /** The numbers of every tensor that no request writes. */
  readonly inputs: ReadonlyMap<Tensor, Float32Array | Uint32Array>;
  /** The tensors to read back. */
  readonly read: readonly Tensor[];
  /** What differs from the device's own target: `{ fusion: false }`, `{ variants: { matmul: 'tiled' } }`. */
  readonly target?: Partial<Target>;
}

/**
 * Runs requests once, in order, in one submit: the level below graphs, for those who write kernels. Variants are picked
 * and requests fused as in a training step. Returns the numbers of `read`, in its order; a
 * tensor that a request updates in place is read as it is at the end.
 * Throws a DataError where a tensor has no numbers, and an OptionError where nothing is asked for.
 */
export async function runRequests(device: Device, requests: readonly Request[], { inputs, read, target = {} }: RequestRun): Promise<(Float32Array | Uint32Array)[]> {
  if (requests.length === 0 || read.length === 0) throw new OptionError('runRequests', 'requests, and tensors to read', `${requests.length} and ${read.length}`);
  checkOptionNames('runRequests', { ...target }, ['adapterClass', 'maxBindings', 'quads', 'subgroups', 'fusion', 'variants']);
  checkVariants('runRequests', target.variants ?? {});
  const written = new Set<number>();
  for (const { id, name } of requests.flatMap(({ writes }) => Object.values(writes))) {
    if (written.has(id)) throw new DataError('runRequests', `each tensor to be written once`, `two requests that write ${name}`, 'Give the second one a tensor of its own.');
    written.add(id);
  }
  const given = new Map([...inputs].map(([tensor, data]) => [tensor.id, data]));
  const all = new Map<number, Tensor>();
  for (const { reads, writes, updates = {} } of requests) for (const tensor of Object.values({ ...reads, ...writes, ...updates })) all.set(tensor.id, tensor);
  for (const tensor of all.values()) {
    const data = given.get(tensor.id);
    if (!data && !written.has(tensor.id)) throw new DataError('runRequests', `numbers for ${tensor.name}, which no request writes`, 'none', 'Give them in inputs.');
    if (data && !(data instanceof (tensor.type === 'u32' ? Uint32Array : Float32Array))) throw new DataError('runRequests', `a ${tensor.type === 'u32' ? 'Uint32Array' : 'Float32Array'} for ${tensor.name}`, show(data));
    if (data && data.length !== sizeOf(tensor.shape)) throw new ShapeError('runRequests', `${sizeOf(tensor.shape)} numbers for ${tensor.name} ${showShape(tensor.shape)}`, String(data.length));
  }
  const halves = [...inputs.keys(), ...read].find(({ half }) => half);
  if (halves) throw new DataError('runRequests', 'tensors of f32 or u32 from and to the host', `${halves.name} of f16`, 'Round and widen with map.');
  for (const tensor of inputs.keys()) if (!all.has(tensor.id)) throw new DataError('runRequests', 'inputs that a request uses', tensor.name);
  for (const { id, name } of read) if (!all.has(id)) throw new DataError('runRequests', 'tensors of the requests in read', name);

  await device.probed;
  const full: Target = { ...device.traits, fusion: true, variants: {}, ...target };
  const between = (name: string, shape: Shape, type?: ElementType): Tensor => {
    const tensor = createTensor(name, shape, type);
    all.set(tensor.id, tensor);
    return tensor;
  };
  const ranges: Tensor[] = [];
  const add = (tensor: Omit<Tensor, 'id'>): Tensor => {
    created += 1;
    const made = { ...tensor, id: created };
    ranges.push(made);
    return made;
  };
  const cut = divide(cutRequests(fuse(requests, new Set(read.map(({ id }) => id)), full), full, add, between), full, between);
  const launches = cut.map((request) => lower(request, 'forward', full));
  const bound = new Set(launches.flatMap(({ tensors }) => tensors.map(({ id, partOf }) => partOf?.tensor.id ?? id)));
  const uniforms = new Set(launches.flatMap(({ kernel, tensors }) => kernel.bindings.flatMap(({ access }, index) => (access === 'uniform' ? [tensors[index]!.id] : []))));
  const placements = new Map<number, Placement>();
  const buffers: BufferPlan[] = [];
  for (const [id, tensor] of all) {
    if (!bound.has(id)) continue;
    const bytes = bytesOf(tensor);
    placements.set(id, { buffer: `${tensor.name}.${id}`, offset: 0, bytes });
    buffers.push({ name: `${tensor.name}.${id}`, role: 'activations', bytes: Math.ceil(bytes / 16) * 16, ...(uniforms.has(id) ? { uniform: true } : {}) });
  }
  for (const [id, place] of partPlacements(cut, placements)) placements.set(id, place);
  const store = new BufferStore(device);
  try {
    const program = await Program.create(device, store, {
      launches, tensors: [...all.values(), ...ranges], placements, buffers, passes: [], constants: [], gradients: new Map(), cotangents: new Map(), meanings: new Map(), working: new Map(),
    });
    poisonProgram(program);
    for (const [tensor, data] of inputs) if (bound.has(tensor.id)) program.write(tensor, data);
    submit(device, 'requests', program.dispatches('forward'));
    const results: (Float32Array | Uint32Array)[] = [];
    for (const tensor of read) {
      const values = await program.read(tensor);
      results.push(tensor.type === 'u32' ? new Uint32Array(values.buffer) : values);
    }
    return results;
  } finally {
    store.destroy();
  }
}
