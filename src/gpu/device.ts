import type { Kernel } from '../../shaders/kernel.ts';
import { bringTiles } from '../../shaders/loaded-kernels.ts';
import type { MatrixUnit } from '../../shaders/matmul-subgroup-matrix.wgsl.ts';
import { checkOptionNames, DataError, DeviceLostError, GpuError, LimitError, OptionError, show } from '../errors.ts';
import { describeAdapter, mayHaveQuads, oneLine, requestAdapter, wantedLimits, type AdapterClass, type AdapterFacts } from './adapter.ts';
import { PipelineCache, type Pipeline } from './pipelines.ts';

/** Memory on the GPU. The rest of the library moves buffers around without knowing more of them. */
export type DeviceBuffer = GPUBuffer;

/** What a buffer may be used for, beside being copied from and to. */
export type BufferUse = 'storage' | 'uniform' | 'staging';

export interface DeviceOptions {
  /** WebGPU's hint for machines with two GPUs. Default: the browser's choice. */
  readonly powerPreference?: 'low-power' | 'high-performance';
  /** Upper bounds for device limits, by WebGPU's names. Default: as much as the adapter has. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Chooses the kernels of the other class, for tests. Default: as the adapter is recognised. */
  readonly adapterClass?: AdapterClass;
}

/**
 * Opens the GPU. Throws a GpuError with code `no-webgpu`, `insecure-origin` or `no-adapter` where there is none.
 * A device may be used by several trainers; `device.destroy()` ends them all.
 */
export async function openDevice(options: DeviceOptions = {}): Promise<Device> {
  checkOptionNames('openDevice', options, ['powerPreference', 'limits', 'adapterClass']);
  const { adapterClass, powerPreference } = options;
  if (adapterClass !== undefined && adapterClass !== 'cpu' && adapterClass !== 'gpu') {
    throw new OptionError('openDevice', 'adapterClass to be "cpu" or "gpu"', show(adapterClass));
  }
  if (powerPreference !== undefined && powerPreference !== 'low-power' && powerPreference !== 'high-performance') {
    throw new OptionError('openDevice', 'powerPreference to be "low-power" or "high-performance"', show(powerPreference));
  }
  const adapter = await requestAdapter(powerPreference);
  const facts = describeAdapter(adapter);
  const requiredLimits = wantedLimits(adapter, options.limits);
  // Kernels that not every device runs are loaded while it is opened.
  const probe = mayHaveQuads(adapter) ? import('./quads.ts') : undefined;
  probe?.catch(() => undefined);
  const tiles = (adapterClass ?? facts.adapterClass) === 'gpu' ? import('../../shaders/tile-kernels.ts') : undefined;
  tiles?.catch(() => undefined);
  let raw: GPUDevice;
  try {
    // Only profiles use timestamps, only mixed precision f16, only some kernels subgroups: a device that could have them and does not could do none of it well.
    const requiredFeatures = ['timestamp-query', 'shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix'].filter((name) => adapter.features.has(name));
    raw = await adapter.requestDevice({ label: 'chainrule', requiredLimits, requiredFeatures: requiredFeatures as GPUFeatureName[] });
  } catch (error) {
    throw new GpuError('no-adapter', 'openDevice', 'a device from the adapter', `a refusal (${oneLine(String(error))})`, 'Reload the page and try again.');
  }
  const device = new Device(raw, facts, options.adapterClass ?? facts.adapterClass, options.limits);
  if (tiles) {
    const { tileKernels } = await tiles;
    bringTiles(tileKernels);
    const units = tileKernels.matrixUnitsOf(adapter);
    if (units.length > 0) device.matrixUnits = await (await import('./matrices.ts')).workingUnits(device, units);
  }
  if (probe) device.expectQuads((await probe).probeQuads(device));
  return device;
}

/** An open GPU device: compiles kernels, holds buffers, and keeps the first error that WebGPU reported. */
export class Device {
  readonly facts: AdapterFacts;
  readonly adapterClass: AdapterClass;
  readonly pipelines: PipelineCache;
  /** For src/gpu only. */
  readonly raw: GPUDevice;
  /** Whether lanes exchange values in fours, as kernels of quads rely on: where a probe asks for that, yes until it has `probed`. */
  hasQuads = false;
  /** What its subgroups multiply, where kernels of class gpu are loaded. */
  matrixUnits: readonly MatrixUnit[] = [];
  /** Resolves when what the device can do is known. Kernels of quads may be compiled before, not run. */
  probed: Promise<void> = Promise.resolve();
  #firstError: GpuError | undefined;
  #lost: DeviceLostError | undefined;
  readonly #lostPromise: Promise<DeviceLostError>;
  /** The caller's own upper bounds: WebGPU never goes below its defaults, however little is asked for. */
  readonly #bounds: Readonly<Partial<Record<string, number>>>;

  constructor(raw: GPUDevice, facts: AdapterFacts, adapterClass: AdapterClass, bounds: Readonly<Partial<Record<string, number>>> = {}) {
    this.raw = raw;
    this.#bounds = { ...bounds };
    this.facts = facts;
    this.adapterClass = adapterClass;
    this.pipelines = new PipelineCache(this);
    raw.addEventListener('uncapturederror', ({ error }) => {
      this.#firstError ??= error instanceof GPUOutOfMemoryError
        ? new GpuError('memory', 'WebGPU', 'enough GPU memory', oneLine(error.message), 'Open a new device; use a smaller batch or a smaller net.')
        : new GpuError('gpu', 'WebGPU', 'every command to be valid', oneLine(error.message), 'Please report this with the adapter\'s name.');
    });
    this.#lostPromise = raw.lost.then(({ reason, message }) => {
      this.#lost ??= new DeviceLostError(facts.name, reason, oneLine(message));
      return this.#lost;
    });
  }

  /** The adapter for people: `SwiftShader (google, software)`. */
  get name(): string {
    return this.facts.name;
  }

  /** Resolves with the error once the device is lost; never rejects. */
  get lost(): Promise<DeviceLostError> {
    return this.#lostPromise;
  }

  /** Whether kernels may use 16-bit floats, as mixed precision does. */
  get hasFloat16(): boolean {
    return this.raw.features.has('shader-f16');
  }

  /** Takes for granted what is being asked for: the answer takes as long as planning a net. */
  expectQuads(answer: Promise<boolean>): void {
    this.hasQuads = true;
    this.probed = answer.then((has) => { this.hasQuads = has; });
    this.probed.catch(() => undefined);
  }

  /** What kernels are chosen by. */
  get traits(): { readonly adapterClass: AdapterClass; readonly maxBindings: number; readonly quads: boolean; readonly subgroups: boolean; readonly matrixUnits: readonly MatrixUnit[]; readonly maxBindingBytes: number } {
    return {
      adapterClass: this.adapterClass, maxBindings: this.maxBindings, quads: this.hasQuads, subgroups: this.raw.features.has('subgroups'),
      matrixUnits: this.matrixUnits, maxBindingBytes: this.memoryLimits.maxStorageBufferBindingSize,
    };
  }

  /** Bytes that a buffer may have, and that a launch may bind of one. WebGPU does not tell how much memory there is in all. */
  get memoryLimits(): { readonly maxBufferSize: number; readonly maxStorageBufferBindingSize: number } {
    return { maxBufferSize: this.#limit('maxBufferSize'), maxStorageBufferBindingSize: this.#limit('maxStorageBufferBindingSize') };
  }

  /** Bytes that one tensor may take at most. */
  get maxTensorBytes(): number {
    return Math.min(...Object.values(this.memoryLimits));
  }

  /** Storage buffers that one launch may bind. */
  get maxBindings(): number {
    return this.#limit('maxStorageBuffersPerShaderStage');
  }

  #limit(name: 'maxBufferSize' | 'maxStorageBufferBindingSize' | 'maxStorageBuffersPerShaderStage'): number {
    return Math.min(this.raw.limits[name], this.#bounds[name] ?? Infinity);
  }

  /** Throws the device's loss or the first error that WebGPU reported, if there was one. */
  check(): void {
    if (this.#lost) throw this.#lost;
    if (this.#firstError) throw this.#firstError;
  }

  /**
   * Awaits a WebGPU promise. A rejection becomes a typed error: browsers give no order between a rejected call and
   * `lost`, so a loss that arrives shortly afterwards is taken for its reason.
   */
  async guard<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise;
    } catch (error) {
      await Promise.race([this.#lostPromise, new Promise((resolve) => { setTimeout(resolve, 500); })]);
      this.check();
      throw error instanceof GpuError ? error : new GpuError('gpu', 'WebGPU', 'the call to succeed', oneLine(String(error)));
    }
  }

  /** Compiles kernels in parallel; each text once per device. */
  compile(kernels: readonly Kernel[], onProgress?: (done: number, total: number) => void): Promise<Pipeline[]> {
    return this.pipelines.compile(kernels, onProgress);
  }

  createBuffer(label: string, bytes: number, use: BufferUse): DeviceBuffer {
    this.check();
    const most = this.memoryLimits.maxBufferSize;
    if (bytes > most) {
      throw new LimitError(label, `at most ${most.toLocaleString('en')} bytes (this device's limit for one buffer)`,
        `${bytes.toLocaleString('en')} bytes`, `${Math.floor(most / 4).toLocaleString('en')} f32 numbers would fit: use a smaller batch, a narrower layer or less data.`);
    }
    const usage = use === 'staging' ? GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST
      : GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC | (use === 'uniform' ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE);
    return this.raw.createBuffer({ label, size: Math.max(16, Math.ceil(bytes / 16) * 16), usage });
  }

  /**
   * Writes whole 4-byte elements at a byte offset. WebGPU ignores a bad range in silence, and a detached array, which
   * reads as empty: both are refused here.
   */
  write(buffer: DeviceBuffer, offset: number, data: Float32Array | Uint32Array): void {
    if (offset % 4 !== 0 || offset < 0 || offset + data.byteLength > buffer.size) {
      throw new GpuError('gpu', buffer.label, `a write inside its ${buffer.size} bytes`, `${data.byteLength} bytes at ${offset}`);
    }
    if (data.byteLength === 0) throw new DataError(buffer.label, 'numbers to write', 'an empty or detached array', 'Send a copy to the worker, or make the array again.');
    this.raw.queue.writeBuffer(buffer, offset, data as Float32Array<ArrayBuffer>);
  }

  /**
   * Reads bytes back, after everything submitted so far. Rejects with the first error that WebGPU reported since the
   * device was opened: WebGPU drops a bad command in silence, and what is read then is stale.
   */
  async read(buffer: DeviceBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    this.check();
    const staging = this.createBuffer(`read ${buffer.label}`, bytes, 'staging');
    try {
      const encoder = this.raw.createCommandEncoder({ label: `read ${buffer.label}` });
      encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes);
      this.raw.queue.submit([encoder.finish()]);
      return await this.mapped(staging, bytes);
    } finally {
      staging.destroy();
    }
  }

  /** The first bytes of a staging buffer, after everything submitted so far; rejects as `read` does. */
  async mapped(staging: DeviceBuffer, bytes: number): Promise<ArrayBuffer> {
    await this.guard(staging.mapAsync(GPUMapMode.READ));
    const copy = staging.getMappedRange().slice(0, bytes);
    this.check();
    return copy;
  }

  /** Resolves when everything submitted so far has run; throws what went wrong on the way. */
  async idle(): Promise<void> {
    await this.guard(this.raw.queue.onSubmittedWorkDone());
    this.check();
  }

  /** Ends the device and everything on it. What runs on it rejects with a DeviceLostError. */
  destroy(): void {
    this.raw.destroy();
    // `lost` follows a little later; a call until then would seem to succeed.
    this.#lost ??= new DeviceLostError(this.facts.name, 'destroyed', 'device.destroy() was called');
  }
}
