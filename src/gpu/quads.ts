import { bringQuads } from '../../shaders/loaded-kernels.ts';
import { quadKernels } from '../../shaders/quad-kernels.ts';
import { PROBED_LANES, quadProbe } from '../../shaders/quads.wgsl.ts';
import type { Device } from './device.ts';
import { createDispatch, submit } from './sequence.ts';

/**
 * Whether the lanes of a quad are neighbours in their workgroup's own order, as kernels of quads rely on. WGSL promises it for no
 * adapter, so each device is asked once. Brings the kernels of quads.
 */
export async function probeQuads(device: Device): Promise<boolean> {
  bringQuads(quadKernels);
  const kernel = quadProbe();
  const bytes = PROBED_LANES * 16;
  const buffer = device.createBuffer('quad probe', bytes, 'storage');
  const staging = device.createBuffer('read quad probe', bytes, 'staging');
  try {
    // Whoever opens a device waits for this: everything goes to the GPU in one go.
    const dispatch = createDispatch(device, 'quad probe', kernel, device.pipelines.now(kernel), [{ buffer, offset: 0, bytes }]);
    submit(device, 'quad probe', [dispatch], [{ from: { buffer, offset: 0, bytes }, to: staging, at: 0 }]);
    const found = new Uint32Array(await device.mapped(staging, bytes));
    return found.every((lane, index) => lane === (index >> 2 ^ index % 4));
  } finally {
    buffer.destroy();
    staging.destroy();
  }
}
