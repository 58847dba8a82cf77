import type { Kernel } from '../../shaders/kernel.ts';
import { ChainruleError, LimitError, OptionError, ShapeError } from '../errors.ts';
import { flopsOf, type Request, type Target, type Variant } from '../ops/request.ts';
import { showShape, type ElementType, type Role, type Shape, type Tensor } from '../ops/tensor.ts';
import { Contiguous } from './contiguous.ts';
import { fuse, type FusionPass } from './fusion.ts';
import { requestsOf, type Seed } from './gradients.ts';
import type { Graph, Meaning, Working } from './graph.ts';
import type { Halve } from './halve.ts';
import { loadedCutting } from './loaded-cutting.ts';
import { ALIGNMENT, bytesOf, cutArena, layOut, planSlots, type BufferPlan, type MemoryRole, type Piece, type Placement } from './memory.ts';

/**
 * What may follow a graph's own launches, in order; `src/nn/progress.ts` says which of them a step runs. The first of several
 * gradients that are added up overwrites the sum, and the first average of weights is a copy of them.
 */
const FOLLOWING = ['buffers', 'firstSum', 'sum', 'update', 'firstAverage', 'average', 'report'] as const;

/** The parts of a step, in order. A gradient check runs `forward` and `backward` of the very same launches. */
export type Section = 'batch' | 'forward' | 'backward' | (typeof FOLLOWING)[number];

/** One dispatch as plain data: a kernel and the tensors that it binds, in the order of its bindings. */
export interface Launch {
  readonly section: Section;
  readonly label: string;
  readonly kernel: Kernel;
  /** Which of several variants the kernel is. */
  readonly variant?: { readonly family: string; readonly name: string };
  readonly tensors: readonly Tensor[];
  /** Floating-point operations, as its family counts them. */
  readonly flops: number;
  /** The launch that takes its place in a training that goes on: the same tensors, the same bits, a kernel that compiles longer. */
  readonly later?: () => Launch;
}

export interface ProgramPlan {
  readonly launches: readonly Launch[];
  readonly tensors: readonly Tensor[];
  readonly placements: ReadonlyMap<number, Placement>;
  /** Every buffer that the launches touch. Buffers of one name are one buffer, also between programs. */
  readonly buffers: readonly BufferPlan[];
  /** What fusion did to the launches of forward and backward, pass by pass; empty without fusion. */
  readonly passes: readonly FusionPass[];
  /** Tensors whose every element is one number that is known beforehand. */
  readonly constants: readonly { readonly tensor: Tensor; readonly value: number }[];
  /** d objective / d tensor by the wanted tensor's id. */
  readonly gradients: ReadonlyMap<number, Tensor>;
  /** The seeds' cotangents by the seeded tensor's id. */
  readonly cotangents: ReadonlyMap<number, Tensor>;
  /** What written tensors stand for in the graph, by their ids. */
  readonly meanings: ReadonlyMap<number, Meaning>;
  /** Which node's working memory a tensor is, by its id. */
  readonly working: ReadonlyMap<number, Working>;
}

/** Changes a plan before it is compiled: mutation tests, and whoever wants to see a bug, plant it with one. */
export type Alter = (plan: ProgramPlan) => ProgramPlan;

/** Lets the maker of a program add launches around the graph's own: gathering the batch, the optimiser, the report. */
export interface Extension {
  /** A new tensor in a buffer of its own. Buffers of one name are shared between programs. */
  place(name: string, shape: Shape, memory: MemoryRole, type?: ElementType): Tensor;
  /** A part of a placed tensor that starts at element `first`, a multiple of 64: as a tensor of its own. */
  part(of: Tensor, first: number, shape: Shape): Tensor;
  /** Where the graph's tensors lie that have a place of their own. */
  readonly placements: ReadonlyMap<number, Placement>;
  /** The program's tensor for a graph's tensor. */
  tensor(id: number): Tensor;
  /** A new value that lives in a slot between the extension's launches. */
  value(name: string, shape: Shape): Tensor;
  readonly arenas: { readonly parameters: Tensor; readonly gradients: Tensor };
  /** A stretch of the arenas in pieces that a launch may bind, cut between parameters. Mostly one. */
  pieces(stretch: Piece): readonly Piece[];
}

export interface ProgramRequest {
  /** Names the buffers that belong to this program alone. */
  readonly name: string;
  readonly graph: Graph;
  readonly target: Target;
  readonly seeds?: readonly Seed[];
  /** Tensors to differentiate the objective by. */
  readonly wanted?: readonly number[];
  /** Computed tensors that must still be there after the program has run. */
  readonly kept?: readonly number[];
  /** With `precision: 'mixed'`: the pass that lets products read f16. Default none: all is f32. */
  readonly halve?: Halve | undefined;
  /** Told each kernel as soon as its text is there, in the order of the launches: the first may compile while the others are written. */
  readonly onKernel?: ((kernel: Kernel) => void) | undefined;
  readonly extend?: (extension: Extension) => Partial<Record<Exclude<Section, 'forward' | 'backward'>, readonly Request[]>>;
}

const laterOf = ({ family, spec }: Pick<Request, 'family' | 'spec'>, target: Target): Variant<object> | undefined => family.variants.find(({ suitsLater }) => suitsLater?.(spec, target));

/** Picks a request's variant for the target. */
export function variantOf(request: Request, target: Target): Variant<object> {
  const { family, spec } = request;
  const forced = target.variants[family.name] ?? target.choose?.(request);
  const named = family.variants.find(({ name }) => name === forced);
  if (forced !== undefined && !named) {
    throw new OptionError('compile', `a variant of ${family.name} among ${family.variants.map(({ name }) => name).join(', ')}`, `"${String(forced).slice(0, 40)}"`);
  }
  if (named?.runs && !named.runs(target)) {
    throw new OptionError('compile', `a variant of ${family.name} that this device runs`, `"${named.name}"`, 'Leave the choice to the program.');
  }
  // What a forced variant can't do of the family's work is done by the rules.
  if (named && (named.runs?.(target, spec) ?? true)) return named;
  return (target.longRun && laterOf(request, target)) || family.variants.find(({ suits }) => suits(spec, target))!;
}

/** Puts several requests in the place of each whose variant takes several launches. `value` makes a tensor between them. */
export function divide(requests: readonly Request[], target: Target, value: (name: string, shape: Shape) => Tensor): Request[] {
  return requests.flatMap((request) => {
    const { label, recomputes } = request;
    const parts = variantOf(request, target).divide?.(request, value);
    return parts?.map((part) => ({ ...part, ...(label === undefined ? {} : { label }), ...(recomputes ? { recomputes } : {}) })) ?? [request];
  });
}

/** The launch of a request with its kernel for the target. */
export function lower(request: Request, section: Section, target: Target): Launch {
  const { family, spec, reads, writes, updates = {} } = request;
  const variant = variantOf(request, target);
  const kernel = variant.kernel(spec, target);
  const all: Readonly<Record<string, Tensor>> = { ...reads, ...writes, ...updates };
  const tensors = kernel.bindings.map(({ name }) => {
    const tensor = all[name];
    if (!tensor) throw new ChainruleError('state', kernel.name, `a tensor for its binding ${name}`, Object.keys(all).join(', '));
    return tensor;
  });
  const storage = kernel.bindings.filter(({ access }) => access !== 'uniform').length;
  if (storage > target.maxBindings) {
    throw new LimitError(`${request.label ?? kernel.name} (${kernel.name})`, `at most ${target.maxBindings} buffers in one launch (this device's limit)`, String(storage));
  }
  const chosen = family.variants.length > 1;
  const later = target.variants[family.name] ?? target.choose?.(request) ? undefined : laterOf(request, target);
  return {
    section, label: request.label ?? kernel.name, kernel, tensors, flops: flopsOf(request), ...(chosen ? { variant: { family: family.name, name: variant.name } } : {}),
    ...(later && later !== variant ? { later: () => lower(request, section, { ...target, variants: { [family.name]: later.name } }) } : {}),
  };
}

/** From a graph to launches with a place for every tensor: everything about a program that needs no GPU. */
export function planProgram(request: ProgramRequest): ProgramPlan {
  const { name, graph, target, seeds = [], wanted = [], kept = [] } = request;
  const index = kept.map((id) => graph.tensors[id]!).find(({ type }) => type !== 'f32');
  if (index) throw new ShapeError('compile', 'an output of numbers (f32)', `${index.name} of ${index.type}`, 'scale(x, 1) makes numbers of indices.');
  const { forward, backward, tensors: known, gradients, cotangents, meanings, working } = requestsOf(graph, seeds, wanted);
  const tensors = [...known];
  const placements = new Map<number, Placement>();
  const buffers = new Map<string, BufferPlan>();
  const values = new Set<number>();
  const put = (placed: ReadonlyMap<number, Placement>, planned: readonly BufferPlan[]): void => {
    for (const [id, placement] of placed) placements.set(id, placement);
    for (const buffer of planned) buffers.set(buffer.name, buffer);
  };
  const add = (tensor: Omit<Tensor, 'id'>): Tensor => {
    const made: Tensor = { ...tensor, id: tensors.length };
    tensors.push(made);
    return made;
  };
  const alone = (tensor: Tensor, buffer: string, role: MemoryRole): Tensor => {
    const bytes = Math.ceil(bytesOf(tensor) / 16) * 16;
    put(new Map([[tensor.id, { buffer, offset: 0, bytes: bytesOf(tensor) }]]), [{ name: buffer, role, bytes }]);
    return tensor;
  };

  const parameters = graph.tensors.filter(({ role }) => role === 'parameter');
  // Copies of half the size then start where a binding may.
  const alignment = target.precision === 'mixed' ? 2 * ALIGNMENT : ALIGNMENT;
  const ofParameters = layOut('parameters', parameters.filter(({ frozen }) => !frozen).sort((a, b) => (a.group ?? 0) - (b.group ?? 0)), alignment);
  put(ofParameters.placements, [{ name: 'parameters', role: 'parameters', bytes: ofParameters.bytes }]);
  // Outside of the arena that optimisers go over.
  const ofFrozen = layOut('frozen', parameters.filter(({ frozen }) => frozen), alignment);
  if (ofFrozen.placements.size > 0) put(ofFrozen.placements, [{ name: 'frozen', role: 'parameters', bytes: ofFrozen.bytes }]);
  const ofBuffers = layOut('buffers', graph.tensors.filter(({ role }) => role === 'buffer'));
  if (ofBuffers.placements.size > 0) put(ofBuffers.placements, [{ name: 'buffers', role: 'buffers', bytes: ofBuffers.bytes }]);
  for (const [id, gradient] of gradients) {
    const place = ofParameters.placements.get(id);
    if (place) put(new Map([[gradient.id, { ...place, buffer: 'gradients' }]]), [{ name: 'gradients', role: 'gradients', bytes: ofParameters.bytes }]);
  }
  const constants: { tensor: Tensor; value: number }[] = [];
  // Two tensors of one name, like the outputs of two nameless ops, need two buffers. A tensor of an objective may bear any name, also that of another's buffer.
  const free = (wished: string, more: string, isTaken: (buffer: string) => boolean): string => (isTaken(wished) ? free(`${wished}${more}`, more, isTaken) : wished);
  const bufferOf = ({ id, name: own }: Tensor): string => free(`${name}.${own}`, `.${id}`, (buffer) => buffers.has(buffer));
  for (const tensor of known) {
    const shared = seeds.find(({ tensor: seeded }) => cotangents.get(seeded) === tensor)?.buffer;
    if (shared !== undefined) alone(tensor, shared, 'optimizer');
    else if (tensor.constant !== undefined) constants.push({ tensor: alone(tensor, `constant ${tensor.constant} ${showShape(tensor.shape)}`, 'step'), value: tensor.constant });
    else if (tensor.role === 'input' || tensor.role === 'target') alone(tensor, bufferOf(tensor), 'batch');
    else if (tensor.role === 'gradient' && !placements.has(tensor.id)) alone(tensor, bufferOf(tensor), 'gradients');
    else if (tensor.role === 'value' && tensor.viewOf === undefined) values.add(tensor.id);
  }

  const value = (tensorName: string, shape: Shape, type: ElementType = 'f32'): Tensor => {
    const tensor = add({ name: tensorName, shape, type, role: 'value' });
    values.add(tensor.id);
    return tensor;
  };
  const arena = (buffer: 'parameters' | 'gradients', role: Role): Tensor =>
    alone(add({ name: buffer, shape: [ofParameters.bytes / 4], type: 'f32', role }), buffer, buffer);
  const asked = request.extend?.({
    place: (tensorName, shape, memory, type = 'f32') => alone(add({ name: tensorName, shape, type, role: 'input' }), tensorName, memory),
    part: (of, first, shape) => {
      const tensor = add({ name: of.name, shape, type: of.type, role: of.role });
      const { buffer, offset } = placements.get(of.id)!;
      placements.set(tensor.id, { buffer, offset: offset + first * 4, bytes: bytesOf(tensor) });
      return tensor;
    },
    placements,
    tensor: (id) => {
      const tensor = tensors[id]!;
      return tensor.viewOf === undefined ? tensor : { ...tensors[tensor.viewOf]!, shape: tensor.shape, ...(tensor.layout ? { layout: tensor.layout } : {}) };
    },
    value: (tensorName, shape) => value(`${name}.${tensorName}`, shape),
    pieces: (stretch) => cutArena([...ofParameters.placements.values()].map(({ offset }) => offset / 4), stretch, target.maxBindingBytes ?? Infinity),
    arenas: { parameters: arena('parameters', 'parameter'), gradients: arena('gradients', 'gradient') },
  }) ?? {};
  const contiguous = new Contiguous(({ name: viewName, shape, type }) => value(viewName, shape, type));
  const extra = Object.fromEntries(Object.entries(asked).map(([section, requests]) => [section, contiguous.requests(requests ?? [])]));

  const rootOf = (id: number): number => tensors[id]!.viewOf ?? id;
  const lasting = new Set([...kept.map(rootOf), ...[...gradients.values()].map(({ id }) => id)]);
  const cut = (requests: readonly Request[]): readonly Request[] => loadedCutting.pass?.requests(requests, target, add, value) ?? requests;
  const following = FOLLOWING.map((section): [Section, readonly Request[]] => [section, cut(extra[section] ?? [])]);
  const needed = new Set([...lasting, ...Object.values(extra).flat().flatMap(({ reads }) => Object.values(reads).map(({ id }) => id))]);
  // One pass over forward and backward together: an activation may be fused across what the two share.
  const passes: FusionPass[] = [];
  const joined = fuse([...forward, ...backward], needed, target, request.halve !== undefined, passes);
  const { requests: fused, origins } = request.halve?.(joined, { target, kept: needed, tensors, placements, buffers, values, add, alone }) ?? { requests: joined };
  // Fusion never moves work to a later place, so what comes after the last forward value is backward.
  const isForward = new Set(forward.flatMap(({ writes }) => Object.values(writes).map(({ id }) => id)));
  const firstBackward = 1 + fused.findLastIndex(({ writes }) => Object.values(writes).some(({ id }) => isForward.has(origins?.get(id) ?? id)));
  const sections: [Section, readonly Request[]][] = [
    ['batch', cut(extra.batch ?? [])],
    ['forward', divide(cut(fused.slice(0, firstBackward)), target, value)],
    ['backward', divide(cut(fused.slice(firstBackward)), target, value)],
    ...following,
  ];
  const ordered = sections.flatMap(([, part]) => part);
  const slotsName = free(`${name}.activations`, '+', (prefix) => [...buffers.keys()].some((buffer) => buffer.startsWith(`${prefix}.`)));
  const slots = (loadedCutting.pass?.planSlots ?? planSlots)(ordered, values, lasting, slotsName, placements);
  put(slots.placements, slots.buffers);
  const launches = sections.flatMap(([section, part]) => part.map((one) => {
    const launch = lower(one, section, target);
    request.onKernel?.(launch.kernel);
    return launch;
  }));
  // The arena of gradients is only there when something uses it.
  const used = new Set(launches.flatMap((launch) => launch.tensors.map(({ id }) => placements.get(id)?.buffer)));
  const uniforms = new Set(launches.flatMap(({ kernel, tensors: bound }) =>
    kernel.bindings.flatMap(({ access }, index) => (access === 'uniform' ? [placements.get(bound[index]!.id)?.buffer] : []))));
  const lastingBuffers = new Set([...lasting].map((id) => placements.get(id)?.buffer));
  return {
    launches, passes, tensors, placements, gradients, cotangents, meanings, working,
    buffers: [...buffers.values()].filter((buffer) => used.has(buffer.name) || lastingBuffers.has(buffer.name) || buffer.role === 'batch' || buffer.role === 'buffers' || (buffer.role === 'parameters' && parameters.length > 0))
      .map((buffer) => (uniforms.has(buffer.name) ? { ...buffer, uniform: true } : buffer)),
    constants: constants.filter(({ tensor }) => used.has(placements.get(tensor.id)!.buffer)),
  };
}
