import type { quadKernels as allQuadKernels } from './quad-kernels.ts';
import type { tileKernels as allTileKernels } from './tile-kernels.ts';

// Kernels that only some devices run are chunks of their own, which such a device loads while it is opened.

let quads: typeof allQuadKernels | undefined;
let tiles: typeof allTileKernels | undefined;

function there<T>(kernels: T | undefined, what: string): T {
  if (!kernels) throw new TypeError(`${what}Kernels: needs the kernels of ${what}s, which openDevice loads for a device that runs them, got none`);
  return kernels;
}

/** Lets families make kernels of quads: called where a device with quads is opened, and by whoever plans for one without a device. */
export function bringQuads(kernels: typeof allQuadKernels): void {
  quads = kernels;
}

/** The kernels of quads. They are there wherever a device has said that it has quads. */
export const quadKernels = (): typeof allQuadKernels => there(quads, 'quad');

/** The same for tiles and folds in workgroup memory, with a device of class gpu, and where a variant is forced. */
export function bringTiles(kernels: typeof allTileKernels): void {
  tiles = kernels;
}

export const tileKernels = (): typeof allTileKernels => there(tiles, 'tile');
