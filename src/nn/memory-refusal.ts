import { ChainruleError } from '../errors.ts';
import type { BufferPlan } from '../program/memory.ts';
import type { ProgramPlan } from '../program/plan.ts';
import { extraLaunches } from './extra-launches.ts';
import { MemoryLimitError, type FittingBatch } from './memory-limit-error.ts';
import { memoryOf, misfitOf, type Asked, type Misfit, type Replan, type Room, type Sized } from './memory-fit.ts';

const show = (bytes: number): string => bytes.toLocaleString('en');
const roleOrder = ([, a]: [string, number], [, b]: [string, number]): number => b - a;

/** The largest tensor in a buffer, one of the model before the arena that holds it. */
function largestIn(plan: ProgramPlan, buffer: string): number | undefined {
  const sizeOf = (id: number): number => plan.placements.get(id)!.bytes;
  const inside = [...plan.placements].filter(([, place]) => place.buffer === buffer).map(([id]) => id);
  const own = inside.filter((id) => plan.tensors[id]!.name !== buffer);
  return (own.length > 0 ? own : inside).sort((a, b) => sizeOf(b) - sizeOf(a))[0];
}

/** The buffer that a refusal names, of a plan that is too large in all the largest, and the tensor in it that takes most. */
function named({ plan }: Sized, misfit: Misfit): { buffer: BufferPlan; tensor: string | undefined } {
  const buffer = plan.buffers.find(({ name }) => name === misfit.buffer) ?? plan.buffers.reduce((most, one) => (most.bytes >= one.bytes ? most : one));
  const id = misfit.tensor !== undefined && plan.tensors[misfit.tensor]!.name !== buffer.name ? misfit.tensor : largestIn(plan, buffer.name);
  return { buffer, tensor: id === undefined ? undefined : `${plan.tensors[id]!.name} [${plan.tensors[id]!.shape.join(', ')}]` };
}

/** Whether the program would fit for so many examples; a model that takes only some numbers of examples refuses others itself. */
function wouldFit(replan: Replan, room: Room, rows: number, accumulate: number): boolean {
  try {
    return misfitOf(replan(rows, accumulate), room) === undefined;
  } catch (error) {
    if (error instanceof ChainruleError) return false;
    throw error;
  }
}

/** The largest number of examples below `rows` that fits, found by planning: 0 where not even one does. */
function largestBatch(replan: Replan, room: Room, rows: number, accumulateFor: (batch: number) => number): number {
  let [fits, tooMany] = [0, rows];
  while (tooMany - fits > 1) {
    const middle = Math.floor((fits + tooMany) / 2);
    if (wouldFit(replan, room, middle, accumulateFor(middle))) fits = middle;
    else tooMany = middle;
  }
  return fits;
}

/** Batches for a step of the optimiser, as `compile` takes them. */
const MOST_ACCUMULATED = 65_536;
const PARAMETER_ROLES: readonly string[] = ['parameters', 'gradients', 'optimizer'];

/** What a program that does not fit is refused with: its bytes by role, the limit, and what would fit. */
export function refusal(sized: Sized, room: Room, misfit: Misfit, asked?: Asked): MemoryLimitError {
  const { limit, got } = misfit;
  const { buffer, tensor } = named(sized, misfit);
  const launch = misfit.tensor === undefined ? undefined : sized.plan.launches.find(({ tensors }) => tensors.some(({ id }) => id === misfit.tensor));
  const memory = memoryOf(sized);
  const { total, ...roles } = memory;
  const rule = {
    maxStorageBufferBindingSize: `what a launch binds to have at most ${show(limit.bytes)} bytes (this device's maxStorageBufferBindingSize)`,
    maxBufferSize: `every buffer to have at most ${show(limit.bytes)} bytes (this device's maxBufferSize)`,
    memoryBudget: `all buffers to have at most ${show(limit.bytes)} bytes together (memoryBudget)`,
    memory: `all buffers to have at most ${show(limit.bytes)} bytes together (the GPU gave no more)`,
  }[limit.name];
  const isWhole = limit.name === 'memoryBudget' || limit.name === 'memory';
  const list = (Object.entries(roles) as [string, number][]).filter(([, bytes]) => bytes > 0).sort(roleOrder).map(([role, bytes]) => `${role} ${show(bytes)}`).join(', ');
  const text = `${show(got)} ${isWhole ? 'bytes, most in' : `bytes of ${buffer.role} for`} ${tensor ?? buffer.name}${launch ? ` in ${launch.label} (${launch.kernel.name})` : ''} (the program's ${show(total)}: ${list})`;
  const fits: FittingBatch[] = [];
  let advice = isWhole ? 'Raise the budget, or destroy what is no longer needed.' : 'Use less data.';
  let parameterShare: number | undefined;
  if (asked) {
    const { rows, accumulate, trains } = asked;
    // Adding up is advice also for those who have not asked for it.
    const replan: Replan = (count, batches) => asked.replan(count, batches, extraLaunches);
    const batch = largestBatch(replan, room, rows, () => accumulate);
    if (batch > 0) fits.push({ batchSize: batch });
    const batchesOf = (size: number): number => Math.min(MOST_ACCUMULATED, Math.ceil(rows * accumulate / size));
    // Adding batches up takes an arena more, so less may fit.
    const added = !trains || batch === 0 ? 0 : wouldFit(replan, room, batch, batchesOf(batch)) ? batch : largestBatch(replan, room, batch, batchesOf);
    if (added > 0) fits.push({ batchSize: added, accumulate: batchesOf(added) });
    if (batch > 0) {
      advice = `batchSize ${batch} fits${added === 0 ? '' : `, ${added === batch ? '' : `batchSize ${added} `}with accumulate ${batchesOf(added)} for as many examples a step`}.`;
    } else {
      parameterShare = shareOfParameters(replan, room, accumulate);
      advice = parameterShare === undefined
        ? 'Not even one example fits: use smaller examples or narrower layers.'
        : `Not even one example fits; about ${Number((parameterShare * 100).toPrecision(2))} % of the parameters would: use narrower layers.`;
    }
    if (roles.activations === Math.max(...Object.values(roles)) && trains) advice += ' recompute(layer) keeps fewer activations.';
  }
  return new MemoryLimitError('compile', rule, text, advice, {
    limit, memory, buffer: { name: buffer.name, role: buffer.role, bytes: buffer.bytes, ...(tensor === undefined ? {} : { tensor }) }, fits, ...(parameterShare === undefined ? {} : { parameterShare }),
  });
}

/** Where one example is too much because of the parameters: the share of them that would fit. */
function shareOfParameters(replan: Replan, room: Room, accumulate: number): number | undefined {
  const one = replan(1, accumulate);
  const misfit = misfitOf(one, room);
  if (!misfit) return undefined;
  const { limit, got } = misfit;
  const { buffer } = named(one, misfit);
  if (limit.name === 'maxBufferSize' || limit.name === 'maxStorageBufferBindingSize') return PARAMETER_ROLES.includes(buffer.role) ? limit.bytes / got : undefined;
  const ofParameters = one.plan.buffers.filter(({ role }) => PARAMETER_ROLES.includes(role)).reduce((sum, { bytes }) => sum + bytes, 0);
  const left = limit.bytes - (got - ofParameters);
  return ofParameters > got / 2 && left > 0 ? left / ofParameters : undefined;
}
