import { GpuError } from '../errors.ts';

/** Why there is no adapter. `got`: what the browser answered when it was asked for one. */
export function noAdapter(got: string): GpuError {
  const { isSecureContext, navigator } = globalThis as { isSecureContext?: boolean; navigator?: { gpu?: GPU } };
  if (isSecureContext === false) {
    return new GpuError('insecure-origin', 'openDevice', 'a secure origin (https or localhost)', 'an insecure one',
      'Serve the page over https, or open it through localhost.');
  }
  if (!navigator?.gpu) {
    return new GpuError('no-webgpu', 'openDevice', 'a browser with WebGPU', 'one without navigator.gpu',
      'Use Chrome or Edge ≥ 113 (Android ≥ 121), Safari ≥ 26 or Firefox ≥ 141.');
  }
  return new GpuError('no-adapter', 'openDevice', 'a WebGPU adapter', got,
    'On Linux enable chrome://flags/#enable-unsafe-webgpu and Vulkan, then relaunch; chrome://gpu says why there is none.');
}
