import { RandomStream } from '../../data/philox.ts';
import type { Device } from '../../gpu/device.ts';
import { submit } from '../../gpu/sequence.ts';
import { elapsed, submitCost } from '../../gpu/timing.ts';
import type { Request, Target } from '../../ops/request.ts';
import { sizeOf, type Shape, type Tensor } from '../../ops/tensor.ts';
import { bytesOf, type BufferPlan, type Placement } from '../../program/memory.ts';
import { divide, lower, variantOf, type Launch } from '../../program/plan.ts';
import { BufferStore, Program } from '../../program/program.ts';

/** The launches of one variant; the tensors that it needs between them. */
export interface Candidate {
  readonly variant: string;
  readonly launches: readonly Launch[];
  readonly between: readonly Tensor[];
}

/** Variants that compete at most: the first of the family's own order of preference, and always the last, which is the simplest. */
export const MOST_CANDIDATES = 12;

/** What each variant would launch. A software adapter takes minutes to compile barriers: there kernels with them do not compete. */
export function candidatesOf(request: Request, target: Target): Candidate[] {
  const runnable = request.family.variants.filter(({ runs }) => !runs || runs(target, request.spec));
  const texts = new Set<string>();
  const rule = variantOf(request, target).name;
  const listed = runnable.length <= MOST_CANDIDATES ? runnable : [...runnable.slice(0, MOST_CANDIDATES - 1), runnable.at(-1)!];
  // The simplest first: of several with the same texts the later in the family's order stays, and the one that the rules take.
  return listed.toReversed().flatMap(({ name: variant }) => {
    const forced: Target = { ...target, variants: { [request.family.name]: variant } };
    const between: Tensor[] = [];
    // Numbers above all of the plan's.
    const value = (name: string, shape: Shape): Tensor => {
      const tensor: Tensor = { id: -1 - between.length, name, shape, type: 'f32', role: 'value' };
      between.push(tensor);
      return tensor;
    };
    const launches = divide([request], forced, value).map((part) => lower(part, 'forward', forced));
    if (target.adapterClass === 'cpu' && launches.some(({ kernel }) => kernel.cooperative)) return [];
    const text = launches.map(({ kernel }) => kernel.code).join('\n');
    if (texts.has(text) && variant !== rule) return [];
    texts.add(text);
    return [{ variant, launches, between }];
  }).reverse();
}

/** Numbers that each result has at least: of fewer, a sum that cancels may be so small that any rounding looks like a mistake. */
const LEAST_NUMBERS = 8;

/** True where a trial can make up the numbers and judge the results: indices, step counters, f16 and results of a few numbers are left to the rules. */
export function canTry({ reads, writes, updates = {} }: Request): boolean {
  return Object.keys(updates).length === 0 && Object.values({ ...reads, ...writes }).every(({ type, half }) => type === 'f32' && !half) && Object.values(writes).every(({ shape }) => sizeOf(shape) >= LEAST_NUMBERS);
}

/**
 * How far a result may be from the simplest kernel's, in units of the outputs' root mean square: sums of the same numbers in another order
 * differ by some 2^-24 of it times the root of their length, while one product too few of a thousand shows 30 times more than this.
 */
const GATE = 2 ** -15;

/** Why these results are not those of the simplest kernel, or undefined. */
export function differs(found: readonly Float32Array[], expected: readonly Float32Array[]): string | undefined {
  for (const [index, values] of expected.entries()) {
    const scale = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
    const at = values.findIndex((x, i) => !(Math.abs(found[index]![i]! - x) <= GATE * scale));
    if (at >= 0) return `element ${at} is ${found[index]![at]} where the simplest kernel gives ${values[at]}`;
  }
  return undefined;
}

/** The runs of one measurement take about so long together, in milliseconds, as far as their count allows; a submit alone takes one or two, more or less. */
const WORTH_MEASURING = 10;
const MOST_RUNS = 1000;

/** A request's variants made executable on numbers of their own. Free it with `end`. */
export class Trial {
  readonly device: Device;
  readonly request: Request;
  readonly #spare: number;
  readonly #store: BufferStore;
  #submitCost: Promise<number> | undefined;
  readonly #programs = new Map<string, { readonly program: Program; runs: number }>();

  /** `spare`: bytes that its buffers may take on the GPU, together. */
  constructor(device: Device, request: Request, spare = Infinity) {
    this.device = device;
    this.request = request;
    this.#spare = spare;
    this.#store = new BufferStore(device);
  }

  /** Compiles a variant and runs it once; resolves with what it wrote. Rejects where it does not compile or fit. */
  async run({ variant, launches, between }: Candidate): Promise<Float32Array[]> {
    const { reads, writes } = this.request;
    const tensors = [...new Map([...Object.values(reads), ...Object.values(writes), ...between].map((tensor) => [tensor.viewOf ?? tensor.id, tensor])).values()];
    const bound = new Set(launches.flatMap(({ tensors: all }) => all.map(({ id, viewOf }) => viewOf ?? id)));
    const placements = new Map<number, Placement>();
    const buffers: BufferPlan[] = [];
    for (const tensor of tensors) {
      const id = tensor.viewOf ?? tensor.id;
      if (!bound.has(id)) continue;
      const bytes = tensor.layout ? tensor.layout.size * 4 : bytesOf(tensor);
      const name = id < 0 ? `${variant}.${id}` : `${id}`;
      placements.set(id, { buffer: name, offset: 0, bytes });
      placements.set(tensor.id, { buffer: name, offset: 0, bytes });
      buffers.push({ name, role: 'activations', bytes: Math.ceil(bytes / 16) * 16 });
    }
    const needed = buffers.reduce((sum, { name, bytes: own }) => sum + (this.#store.find(name) ? 0 : own), this.#store.bytes);
    if (needed > this.#spare) throw new Error(`its trial needs ${needed.toLocaleString('en')} bytes where memoryBudget leaves ${Math.max(0, this.#spare).toLocaleString('en')}`);
    const program = await Program.create(this.device, this.#store, {
      launches, tensors, placements, buffers, passes: [], constants: [], gradients: new Map(), cotangents: new Map(), meanings: new Map(), working: new Map(),
    });
    for (const [stream, tensor] of Object.values(reads).entries()) {
      if (!placements.has(tensor.viewOf ?? tensor.id)) continue;
      const random = new RandomStream(1, 0, stream);
      const { buffer, bytes } = placements.get(tensor.viewOf ?? tensor.id)!;
      this.device.write(this.#store.find(buffer)!, 0, Float32Array.from({ length: bytes / 4 }, () => random.uniform() - 0.5));
    }
    const outputs = Object.values(writes);
    // A kernel that leaves something out must not live on what another has left there.
    for (const tensor of outputs) program.write(tensor, new Float32Array(sizeOf(tensor.shape)).fill(NaN));
    submit(this.device, `tune ${variant}`, program.dispatches('forward'));
    const found: Float32Array[] = [];
    for (const tensor of outputs) found.push(await program.read(tensor));
    this.#programs.set(variant, { program, runs: 1 });
    return found;
  }

  /** Milliseconds that one run takes, from as many as a clock can tell. */
  async measure(variant: string): Promise<number> {
    const entry = this.#programs.get(variant)!;
    this.#submitCost ??= submitCost(this.device);
    const cost = await this.#submitCost;
    for (;;) {
      const took = await elapsed(this.device, entry.program.dispatches('forward'), entry.runs) - cost;
      // Shorter than that a clock and a submit tell more of themselves than of the kernel.
      if (took >= WORTH_MEASURING / 2 || entry.runs >= MOST_RUNS) return Math.max(0, took) / entry.runs;
      entry.runs = Math.min(MOST_RUNS, Math.ceil(entry.runs * Math.min(16, Math.max(1.5, WORTH_MEASURING / Math.max(took, 0.001)))));
    }
  }

  end(): void {
    this.#store.destroy();
  }
}
