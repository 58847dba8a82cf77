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
  // What the kernel exchanges: products four columns at once.
  const type = kernel.code.includes('subgroupAdd(sum0Whole)') ? 'vec4f' : 'f32';
  const [members, rank, lane] = placing === 'neighbours'
    ? [Math.min(size, lanes), `softLane % ${size}u`, `softLane / ${size}u * ${size}u + `]
    : [Math.min(size, lanes), `softLane / ${groups}u`, `softLane % ${groups}u + ${groups}u * `];
  const fold = (name: string, initial: string, operator: string): string => `
fn ${name}(x: ${type}) -> ${type} {
  softValues[softLane] = x;
  workgroupBarrier();
  var total = ${type}(${initial});
  for (var i = 0u; i < ${members}u; i++) {
    total = total ${operator} softValues[${lane}i];
  }
  workgroupBarrier();
  return total;
}`;
  const functions = `
var<private> softLane: u32;
var<workgroup> softValues: array<${type}, ${lanes}>;
${fold('softAdd', '0.0', '+')}
${fold('softMul', '1.0', '*')}
fn softFrom(x: ${type}, place: u32) -> ${type} {
  softValues[softLane] = x;
  workgroupBarrier();
  var value = ${type}(1e30);
  if (place < ${members}u) {
    value = softValues[${lane}place];
  }
  workgroupBarrier();
  return value;
}
fn softShuffleDown(x: ${type}, distance: u32) -> ${type} {
  return softFrom(x, ${rank} + distance);
}
fn softBroadcastFirst(x: ${type}) -> ${type} {
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
  ...plan, launches: plan.launches.map((launch) => (/[/-]subgroup$/.test(launch.kernel.name) ? { ...launch, kernel: inSoftware(launch.kernel, size, placing) } : launch)),
});
