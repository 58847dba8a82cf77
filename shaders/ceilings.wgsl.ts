import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { lines, wgsl } from './wgsl.ts';

/** Accumulators of a lane of the multiply-add kernel: as many chains as hide an operation's latency and still fit registers. */
const CHAINS = 8;

/** Floating-point operations of one launch of `multiplyAdd`: a multiply-add is two, a chain is four numbers wide. */
export const multiplyAddFlops = ({ lanes, rounds }: MultiplyAddSpec): number => lanes * rounds * CHAINS * 4 * 2;

export interface MultiplyAddSpec {
  readonly lanes: number;
  /** Multiply-adds of each chain. */
  readonly rounds: number;
}

/** Nothing but multiply-adds in registers: how fast an adapter computes where memory costs nothing. Values stay near 1, so none gets denormal. */
export function multiplyAdd({ lanes, rounds }: MultiplyAddSpec): Kernel {
  const chains = Array.from({ length: CHAINS }, (_, chain) => `a${chain}`);
  return laneKernel({
    name: 'multiply-add',
    formula: `out[lane] = the sum of ${CHAINS} chains of a = a · 0.5 + 0.5, each ${rounds} long`,
    declarations: [{ name: 'out', access: 'write', type: arrayType(lanes) }],
    count: lanes,
    body: wgsl`
let start = vec4f(1.0, 1.25, 1.5, 1.75) + f32(lane % 64u);
  let half = vec4f(0.5);
  ${lines(CHAINS, (chain) => `var a${chain} = start + ${chain}.0;`)}
  for (var round = 0u; round < ${rounds}u; round++) {
    ${lines(CHAINS, (chain) => `a${chain} = a${chain} * half + half;`, '    ')}
  }
  let total = ${chains.join(' + ')};
  out[lane] = (total.x + total.y) + (total.z + total.w);`,
  });
}

/** out = x, four numbers a lane: how fast an adapter moves memory. `count` is a multiple of 4. */
export function copyMemory(count: number): Kernel {
  return laneKernel({
    name: 'copy-memory',
    formula: `out[i] = x[i], i < ${count}`,
    declarations: [{ name: 'x', access: 'read', type: arrayType(count, true) }, { name: 'out', access: 'write', type: arrayType(count, true) }],
    count: count / 4,
    body: 'out[lane] = x[lane];',
  });
}
