import { productCount } from './matmul-batch.wgsl.ts';
import type { MatmulSpec } from './matmul.wgsl.ts';

/** What one workgroup makes of C through workgroup memory, and what each of its lanes makes of that in registers. */
export interface Tile {
  /** Rows and columns of C: multiples of those of a lane. */
  readonly rows: number;
  readonly columns: number;
  /** Steps along k between two barriers: a multiple of 4. */
  readonly depth: number;
  /** Rows and columns of a lane: multiples of 4. */
  readonly laneRows: number;
  readonly laneColumns: number;
}

/**
 * Tiles by their names, `rows x columns`. A large one loads each operand less often and asks for more registers; a small one leaves more
 * workgroups to share a small product. All take at most 256 lanes and 16,384 bytes, which every device has.
 */
export const TILES = {
  '64x64': { rows: 64, columns: 64, depth: 16, laneRows: 4, laneColumns: 4 },
  '32x32': { rows: 32, columns: 32, depth: 32, laneRows: 4, laneColumns: 4 },
  '128x64': { rows: 128, columns: 64, depth: 16, laneRows: 8, laneColumns: 4 },
  '128x128': { rows: 128, columns: 128, depth: 8, laneRows: 8, laneColumns: 8 },
} as const satisfies Readonly<Record<string, Tile>>;

/** Tiles of this size in all products. */
export function tileCount(spec: MatmulSpec, size: keyof typeof TILES): number {
  const { rows, columns } = TILES[size];
  return productCount(spec) * Math.ceil(spec.m / rows) * Math.ceil(spec.n / columns);
}
