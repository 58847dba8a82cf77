import { arrayType, laneKernel, workgroupKernel, type Kernel } from './kernel.ts';
import { float, lines, wgsl } from './wgsl.ts';

/** out[outer, inner] = scale · Σ over i < size of x[outer, i, inner]. */
export interface ReduceSpec {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  readonly scale: number;
}

/** A running f32 sum loses a digit for every ten terms or so; a sum of partial sums of this many terms does not. */
const PARTIAL = 256;
/** Lanes of the cooperative variant. */
const REDUCE_LANES = 64;

const declarations = ({ outer, size, inner }: ReduceSpec) => [
  { name: 'x', access: 'read', type: arrayType(outer * size * inner) },
  { name: 'out', access: 'write', type: arrayType(outer * inner) },
] as const;

const formula = ({ size, scale }: ReduceSpec): string =>
  `out[outer, inner] = ${scale === 1 ? '' : `${scale} · `}Σ over i < ${size} of x[outer, i, inner]`;

/** The scaled total; a factor of 1 is left out. */
const scaled = (total: string, scale: number): string => (scale === 1 ? total : `${total} * ${float(scale)}`);

/** One lane sums one output, in partial sums of 256 terms. */
export function reduceSerial(spec: ReduceSpec): Kernel {
  const { outer, size, inner, scale } = spec;
  return laneKernel({
    name: 'reduce/serial',
    formula: formula(spec),
    declarations: declarations(spec),
    count: outer * inner,
    body: wgsl`
let start = (lane / ${inner}u) * ${size * inner}u + lane % ${inner}u;
  var total = 0.0;
  for (var first = 0u; first < ${size}u; first += ${PARTIAL}u) {
    var partial = 0.0;
    let end = min(first + ${PARTIAL}u, ${size}u);
    for (var i = first; i < end; i++) {
      partial += x[start + i * ${inner}u];
    }
    total += partial;
  }
  out[lane] = ${scaled('total', scale)};`,
  });
}

/** One workgroup sums one output: each lane every 64th term, then a tree in workgroup memory. */
export function reduceWorkgroup(spec: ReduceSpec): Kernel {
  const { outer, size, inner, scale } = spec;
  const steps = Math.log2(REDUCE_LANES);
  return workgroupKernel({
    name: 'reduce/workgroup',
    formula: formula(spec),
    declarations: declarations(spec),
    functions: `var<workgroup> partials: array<f32, ${REDUCE_LANES}>;`,
    workgroupSize: REDUCE_LANES,
    count: outer * inner,
    body: wgsl`
let output = min(group, ${outer * inner - 1}u);
  let start = (output / ${inner}u) * ${size * inner}u + output % ${inner}u;
  var partial = 0.0;
  for (var i = lane; i < ${size}u; i += ${REDUCE_LANES}u) {
    partial += x[start + i * ${inner}u];
  }
  partials[lane] = partial;
  workgroupBarrier();
  ${lines(steps, (step) => {
    const half = REDUCE_LANES >> (step + 1);
    const add = `if (lane < ${half}u) {
    partials[lane] += partials[lane + ${half}u];
  }`;
    // Lane 0 makes the last sum and stores it: nobody waits for anybody after that.
    return half > 1 ? `${add}\n  workgroupBarrier();` : add;
  })}
  if (lane == 0u && group < ${outer * inner}u) {
    out[group] = ${scaled('partials[0]', scale)};
  }`,
  });
}
