import type { Launch, ProgramPlan } from '../program/plan.ts';
import { bytesOf } from '../program/memory.ts';
import type { Tensor } from '../ops/tensor.ts';

/** A tensor of a launch under the kernel's name for it. */
export interface Bound {
  readonly binding: string;
  /** Its place among the launch's bindings. */
  readonly index: number;
  readonly tensor: Tensor;
}

function bound({ kernel, tensors }: Launch, ...kinds: string[]): Bound[] {
  return kernel.bindings.flatMap(({ name, access }, index) => (kinds.includes(access) ? [{ binding: name, index, tensor: tensors[index]! }] : []));
}

export const readsOf = (launch: Launch): Bound[] => bound(launch, 'read');
export const writesOf = (launch: Launch): Bound[] => bound(launch, 'write');
/** Also those of which it writes only a part. */
export const outputsOf = (launch: Launch): Bound[] => bound(launch, 'write', 'part');
const touchedBy = (launch: Launch): Bound[] => bound(launch, 'read', 'uniform', 'update', 'part');
const changedBy = (launch: Launch): Bound[] => bound(launch, 'write', 'update', 'part');

/** Workgroups that a launch dispatches. */
export function groupsOf({ kernel }: Launch): number {
  return kernel.cooperative ? kernel.count : Math.ceil(kernel.count / kernel.workgroupSize);
}

/** The same kernel over this many workgroups. */
export function withGroups(launch: Launch, groups: number): Launch {
  const { kernel } = launch;
  return { ...launch, kernel: { ...kernel, count: kernel.cooperative ? groups : groups * kernel.workgroupSize } };
}

export function withLaunch(plan: ProgramPlan, index: number, launch: Launch): ProgramPlan {
  return { ...plan, launches: plan.launches.map((other, at) => (at === index ? launch : other)) };
}

export function withTensor(launch: Launch, ...changes: readonly (readonly [index: number, tensor: Tensor])[]): Launch {
  const tensors = [...launch.tensors];
  for (const [index, tensor] of changes) tensors[index] = tensor;
  return { ...launch, tensors };
}

export const sameSize = (a: Tensor, b: Tensor): boolean => a.type === b.type && bytesOf(a) === bytesOf(b);

/** Whether two tensors share memory. */
function overlap(plan: ProgramPlan, a: Tensor, b: Tensor): boolean {
  const [one, other] = [plan.placements.get(a.viewOf ?? a.id)!, plan.placements.get(b.viewOf ?? b.id)!];
  return one.buffer === other.buffer && one.offset < other.offset + other.bytes && other.offset < one.offset + one.bytes;
}

/** Whether the order of two launches matters: one of them changes memory that the other touches. */
export function dependent(plan: ProgramPlan, a: Launch, b: Launch): boolean {
  const clash = (changed: readonly Bound[], touched: readonly Bound[]): boolean =>
    changed.some((one) => touched.some((other) => overlap(plan, one.tensor, other.tensor)));
  return clash(changedBy(a), [...touchedBy(b), ...changedBy(b)]) || clash(changedBy(b), touchedBy(a));
}

/** Tensors that hold numbers when launch `index` starts: leaves that a launch reads, and what earlier launches wrote. */
export function readyBefore(plan: ProgramPlan, index: number): Tensor[] {
  const written = new Set(plan.launches.flatMap((launch) => changedBy(launch).map(({ tensor }) => tensor.id)));
  const earlier = plan.launches.slice(0, index).flatMap((launch) => changedBy(launch).map(({ tensor }) => tensor));
  const leaves = plan.launches.flatMap((launch) => touchedBy(launch).map(({ tensor }) => tensor)).filter(({ id }) => !written.has(id));
  const all = new Map([...leaves, ...earlier].map((tensor) => [tensor.id, tensor]));
  return [...all.values()];
}

/** Whether two tensors may hold different numbers: constants of one value do not. */
export const differs = (a: Tensor, b: Tensor): boolean => a.id !== b.id && (a.constant === undefined || a.constant !== b.constant);

/** Whether a launch may read this tensor instead of another: WebGPU allows none to read and write one buffer, or to read beyond what is bound. */
export function mayRead(plan: ProgramPlan, launch: Launch, { tensor: read }: Bound, tensor: Tensor): boolean {
  const placement = (one: Tensor) => plan.placements.get(one.viewOf ?? one.id);
  return (placement(tensor)?.bytes ?? 0) >= (placement(read)?.bytes ?? 0) && changedBy(launch).every((written) => placement(written.tensor)?.buffer !== placement(tensor)?.buffer);
}

/** The launch that wrote a tensor before launch `index`. */
export function writerOf(plan: ProgramPlan, index: number, tensor: Tensor): Launch | undefined {
  return plan.launches.slice(0, index).findLast((launch) => changedBy(launch).some((written) => written.tensor.id === tensor.id));
}
