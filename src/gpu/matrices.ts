import type { Kernel } from '../../shaders/kernel.ts';
import { matmulSubgroupMatrix, type MatrixUnit } from '../../shaders/matmul-subgroup-matrix.wgsl.ts';
import type { MatmulSpec } from '../../shaders/matmul.wgsl.ts';
import type { Device } from './device.ts';
import { createDispatch, submit } from './sequence.ts';

/** A product with an edge in each direction and more than one step between barriers, whose sums of whole numbers are exact. */
const [M, N, K] = [40, 36, 72];

export const probeSpec = ({ type }: MatrixUnit): MatmulSpec => ({
  m: M, n: N, k: K, transposeA: false, transposeB: false, epilogue: [], prologueA: [], prologueB: [], rowSums: false, batch: [], ...(type === 'f16' ? { half: ['a', 'b'] } : {}),
});

/** Whole numbers from -1 to 2, and their bits as f16. */
const VALUES = [-1, 0, 1, 2] as const;
const HALVES = [0xbc00, 0x0000, 0x3c00, 0x4000] as const;

/** Of how many numbers which of the values each is. */
const choices = (count: number, step: number): number[] => Array.from({ length: count }, (_, i) => ((i * step) >> 3) % VALUES.length);

/** As a buffer of the unit's type holds them. */
function stored(chosen: readonly number[], { type }: MatrixUnit): Float32Array | Uint32Array {
  return type === 'f32'
    ? Float32Array.from(chosen, (choice) => VALUES[choice]!)
    : Uint32Array.from({ length: chosen.length / 2 }, (_, i) => HALVES[chosen[2 * i]!]! | HALVES[chosen[2 * i + 1]!]! << 16);
}

/**
 * Of the units that an adapter lists those whose products are right: a browser may list what its compiler has under another name, and a driver may
 * make it wrong. One small product each. `kernelOf` makes its kernel.
 */
export async function workingUnits(
  device: Device, units: readonly MatrixUnit[], kernelOf = (unit: MatrixUnit): Kernel => matmulSubgroupMatrix(probeSpec(unit), unit, 'probe'),
): Promise<readonly MatrixUnit[]> {
  const [a, b] = [choices(M * K, 13), choices(K * N, 29)];
  const expected = Array.from({ length: M * N }, (_, i) =>
    Array.from({ length: K }, (_unused, k) => VALUES[a[Math.floor(i / N) * K + k]!]! * VALUES[b[k * N + i % N]!]!).reduce((sum, x) => sum + x));
  const works = await Promise.all(units.map(async (unit) => {
    const kernel = kernelOf(unit);
    const [pipeline] = await device.compile([kernel]).catch(() => []);
    if (!pipeline) return false;
    const data = [stored(a, unit), stored(b, unit), new Float32Array(M * N).fill(NaN)];
    const ranges = data.map((numbers) => {
      const buffer = device.createBuffer('matrix probe', numbers.byteLength, 'storage');
      device.write(buffer, 0, numbers);
      return { buffer, offset: 0, bytes: numbers.byteLength };
    });
    try {
      submit(device, 'matrix probe', [createDispatch(device, 'matrix probe', kernel, pipeline, ranges)]);
      const found = new Float32Array(await device.read(ranges[2]!.buffer, 0, ranges[2]!.bytes));
      return expected.every((sum, i) => found[i] === sum);
    } finally {
      for (const { buffer } of ranges) buffer.destroy();
    }
  }));
  return units.filter((_, index) => works[index]);
}
