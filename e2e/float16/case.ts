import type { Device } from '../../src/gpu/device.ts';

/** One thing that must hold on a device with shader-f16. */
export interface Case {
  readonly name: string;
  /** Says what was measured; throws where it does not hold. */
  run(device: Device): Promise<string>;
  /** Why this device cannot run it: then it does not count as passed. */
  lacks?(device: Device): string | undefined;
}

export function fail(message: string): never {
  throw new Error(message);
}

/** Throws unless the condition holds. */
export function hold(condition: boolean, message: string): asserts condition {
  if (!condition) fail(message);
}
