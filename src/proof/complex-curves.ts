import { complexAdd, complexMul, complexNormalIntegral, complexScale, complexSigmoid } from '../reference/complex.ts';
import type { Complex } from '../reference/complex.ts';
import { normalIntegral } from '../reference/special.ts';

/** z·Φ(z), next to the real axis. */
export function complexGeluErf(z: Complex): Complex {
  return complexMul(z, complexNormalIntegral(z, normalIntegral));
}

/** z·σ(2w) with w = √(2/π)·(z + 0.044715z³): PyTorch's approximate = 'tanh'. */
export function complexGeluTanh(z: Complex): Complex {
  const cube = complexMul(z, complexMul(z, z));
  return complexMul(z, complexSigmoid(complexScale(complexAdd(z, complexScale(cube, 0.044715)), 2 * Math.sqrt(2 / Math.PI))));
}

/** z·σ(z). */
export function complexSilu(z: Complex): Complex {
  return complexMul(z, complexSigmoid(z));
}
