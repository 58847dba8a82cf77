// Runs in the page: subgroups of any size in software. `await lib.load<typeof import('./subgroup-kit.ts')>('/e2e/gpu/subgroup-kit.ts')`.
import type { Kernel } from '../../shaders/kernel.ts';
import type { Alter } from '../../src/kernels.ts';

/** Which lanes of a workgroup share a subgroup: neighbours, or every n-th lane. WGSL promises neither. */
export type Placing = 'neighbours' | 'strided';

/**
 * The kernel as it would run on an adapter with subgroups of `size`: functions of its own take the place of WGSL's, exchange values in
 * workgroup memory, and give 1e30 where WGSL leaves a result open. Lanes beyond the workgroup's are not there, as in a subgroup that is larger.
 */
function inSoftware(kernel: Kernel, size: number, placing: Placing): Kernel {
  const lanes = kernel.workgroupSize;
  const groups = Math.max(1, lanes / size);
  const [members, rank, lane] = placing === 'neighbours'
    ? [Math.min(size, lanes), `softLane % ${size}u`, `softLane / ${size}u * ${size}u + `]
    : [Math.min(size, lanes), `softLane / ${groups}u`, `softLane % ${groups}u + ${groups}u * `];
  const fold = (name: string, initial: string, operator: string): string => `
fn ${name}(x: f32) -> f32 {
  softValues[softLane] = x;
  workgroupBarrier();
  var total = ${initial};
  for (var i = 0u; i < ${members}u; i++) {
    total = total ${operator} softValues[${lane}i];
  }
  workgroupBarrier();
  return total;
}`;
  const functions = `
var<private> softLane: u32;
var<workgroup> softValues: array<f32, ${lanes}>;
${fold('softAdd', '0.0', '+')}
${fold('softMul', '1.0', '*')}
fn softFrom(x: f32, place: u32) -> f32 {
  softValues[softLane] = x;
  workgroupBarrier();
  var value = 1e30;
  if (place < ${members}u) {
    value = softValues[${lane}place];
  }
  workgroupBarrier();
  return value;
}
fn softShuffleDown(x: f32, distance: u32) -> f32 {
  return softFrom(x, ${rank} + distance);
}
fn softBroadcastFirst(x: f32) -> f32 {
  return softFrom(x, 0u);
}
@compute`;
  const code = kernel.code
    .replace('enable subgroups;\n', '')
    .replace('let members = subgroupAdd(1u);', `softLane = lane;\n  let members = ${members}u;`)
    .replace('subgroupExclusiveAdd(1u)', rank)
    .replace(/\bsubgroup(Add|Mul|ShuffleDown|BroadcastFirst)\b/g, 'soft$1')
    .replace('@compute', functions);
  if (/\bsubgroup/.test(code)) throw new Error(`inSoftware: needs subgroup functions that it knows, got ${code}`);
  return { ...kernel, name: `${kernel.name} of ${size}, ${placing}`, code, enables: [] };
}

/** Lets all kernels of a plan that join in subgroups do so in software. */
export const alterSubgroups = (size: number, placing: Placing): Alter => (plan) => ({
  ...plan, launches: plan.launches.map((launch) => (launch.kernel.name.endsWith('/subgroup') ? { ...launch, kernel: inSoftware(launch.kernel, size, placing) } : launch)),
});
