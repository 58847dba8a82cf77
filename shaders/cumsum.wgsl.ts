import { arrayType, laneKernel, workgroupKernel, type Kernel } from './kernel.ts';
import { times, wgsl } from './wgsl.ts';

/** out[outer, i, inner] = Σ over j ≤ i of x[outer, j, inner]; over j ≥ i where `reverse`. */
export interface CumsumSpec {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  readonly reverse: boolean;
}

/** Lanes of the cooperative variant. */
const CUMSUM_LANES = 64;

function cumsumParts({ outer, size, inner, reverse }: CumsumSpec) {
  const type = arrayType(outer * size * inner);
  return {
    formula: `out[outer, i, inner] = Σ over j ${reverse ? '≥' : '≤'} i of x[outer, j, inner], i < ${size}`,
    declarations: [{ name: 'x', access: 'read', type }, { name: 'out', access: 'write', type }] as const,
    start: (line: string): string => (inner === 1 ? times(line, size) : `(${line} / ${inner}u) * ${size * inner}u + ${line} % ${inner}u`),
    // The walk is the same in both directions; the places are not.
    place: `start + ${times(reverse ? `(${size - 1}u - i)` : 'i', inner)}`,
  };
}

/** One lane makes one running sum. */
export function cumsumSerial(spec: CumsumSpec): Kernel {
  const { start, place, ...parts } = cumsumParts(spec);
  return laneKernel({
    ...parts,
    name: 'cumsum/serial',
    count: spec.outer * spec.inner,
    body: wgsl`
let start = ${start('lane')};
  var total = 0.0;
  for (var i = 0u; i < ${spec.size}u; i++) {
    let place = ${place};
    total += x[place];
    out[place] = total;
  }`,
  });
}

/** One workgroup makes one running sum: each lane adds up a part of it, then goes over the part again from what stands before it. */
export function cumsumWorkgroup(spec: CumsumSpec): Kernel {
  const { start, place, ...parts } = cumsumParts(spec);
  const lines = spec.outer * spec.inner;
  const part = Math.ceil(spec.size / CUMSUM_LANES);
  return workgroupKernel({
    ...parts,
    name: 'cumsum/workgroup',
    functions: `var<workgroup> sums: array<f32, ${CUMSUM_LANES}>;`,
    workgroupSize: CUMSUM_LANES,
    count: lines,
    body: wgsl`
let start = ${start(`min(group, ${lines - 1}u)`)};
  let first = ${times('lane', part)};
  let end = min(first + ${part}u, ${spec.size}u);
  var sum = 0.0;
  for (var i = first; i < end; i++) {
    sum += x[${place}];
  }
  sums[lane] = sum;
  workgroupBarrier();
  var total = 0.0;
  for (var other = 0u; other < lane; other++) {
    total += sums[other];
  }
  if (group < ${lines}u) {
    for (var i = first; i < end; i++) {
      let place = ${place};
      total += x[place];
      out[place] = total;
    }
  }`,
  });
}
