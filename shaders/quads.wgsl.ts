import { quadKernel, type Kernel } from './kernel.ts';

/** Lanes that the probe asks: more than one workgroup. */
export const PROBED_LANES = 64;

/** out[4·lane + i] = the lane whose number an exchange brings: of the lane itself (i = 0) and of its neighbours along x, y and the diagonal of its quad. */
export function quadProbe(): Kernel {
  return quadKernel({
    name: 'quad-probe',
    formula: 'out[lane] = (lane, and the lanes that quadSwapX, quadSwapY, quadSwapDiagonal exchange it with)',
    declarations: [{ name: 'out', access: 'write', type: `array<vec4u, ${PROBED_LANES}>` }],
    count: PROBED_LANES / 4,
    body: `let number = quad * 4u + place;
  let exchanged = vec4u(number, quadSwapX(number), quadSwapY(number), quadSwapDiagonal(number));
  if (isLive) {
    out[number] = exchanged;
  }`,
  });
}
