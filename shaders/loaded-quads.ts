import type { quadKernels as allQuadKernels } from './quad-kernels.ts';

type QuadKernels = typeof allQuadKernels;

let loaded: QuadKernels | undefined;

/** Lets families make kernels of quads: called where a device with quads is opened, and by whoever plans for one without a device. */
export function bringQuads(kernels: QuadKernels): void {
  loaded = kernels;
}

/** The kernels of quads. They are there wherever a device has said that it has quads. */
export function quadKernels(): QuadKernels {
  if (!loaded) throw new TypeError('quadKernels: needs the kernels of quads, which openDevice loads for a device that has them, got none');
  return loaded;
}
