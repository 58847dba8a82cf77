import type { Binding, Kernel } from '../../shaders/kernel.ts';
import { GpuError } from '../errors.ts';
import { oneLine } from './adapter.ts';
import type { Device } from './device.ts';

/** A compiled kernel. */
export interface Pipeline {
  readonly raw: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Compiled kernels by their WGSL text itself: a hand-written key would one day leave something out. */
export class PipelineCache {
  readonly #device: Device;
  readonly #pipelines = new Map<string, Promise<Pipeline>>();
  readonly #layouts = new Map<string, { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout }>();

  constructor(device: Device) {
    this.#device = device;
  }

  /** How many different kernels were compiled. */
  get size(): number {
    return this.#pipelines.size;
  }

  async compile(kernels: readonly Kernel[], onProgress?: (done: number, total: number) => void): Promise<Pipeline[]> {
    let done = 0;
    onProgress?.(0, kernels.length);
    const counted = async (kernel: Kernel): Promise<Pipeline> => {
      const pipeline = await this.#get(kernel);
      done += 1;
      onProgress?.(done, kernels.length);
      return pipeline;
    };
    // The longest texts first: the browser compiles a few at a time, and the last to end should not be the last to begin.
    const pipelines: Promise<Pipeline>[] = [];
    const longestFirst = [...kernels.entries()].sort(([, a], [, b]) => b.code.length - a.code.length);
    for (const [place, kernel] of longestFirst) pipelines[place] = counted(kernel);
    return Promise.all(pipelines);
  }

  /** A kernel of the library's own that compiles while the GPU's other work waits, past the cache; a text that is wrong is an error of the device. */
  now({ name, code, bindings }: Kernel): Pipeline {
    const { raw } = this.#device;
    const layout = this.#layout(bindings);
    const module = raw.createShaderModule({ label: name, code });
    return { raw: raw.createComputePipeline({ label: name, layout: layout.pipeline, compute: { module, entryPoint: 'main' } }), layout: layout.group };
  }

  #get(kernel: Kernel): Promise<Pipeline> {
    let pipeline = this.#pipelines.get(kernel.code);
    if (!pipeline) {
      pipeline = this.#create(kernel);
      this.#pipelines.set(kernel.code, pipeline);
      // A failed compilation is reported to whoever asked, and tried again by the next who asks.
      pipeline.catch(() => this.#pipelines.delete(kernel.code));
    }
    return pipeline;
  }

  async #create(kernel: Kernel): Promise<Pipeline> {
    const { raw } = this.#device;
    this.#device.check();
    const layout = this.#layout(kernel.bindings);
    // A text that is no WGSL is told below, to whoever brought it: uncaptured it would pass for a broken device.
    raw.pushErrorScope('validation');
    const module = raw.createShaderModule({ label: kernel.name, code: kernel.code });
    raw.popErrorScope().catch(() => undefined);
    const compiling = raw.createComputePipelineAsync({ label: kernel.name, layout: layout.pipeline, compute: { module, entryPoint: 'main' } });
    try {
      return { raw: await compiling, layout: layout.group };
    } catch (error) {
      const info = await this.#device.guard(module.getCompilationInfo());
      const [first] = info.messages.filter(({ type }) => type === 'error');
      if (!first) return { raw: await this.#device.guard(Promise.reject<GPUComputePipeline>(error)), layout: layout.group };
      const line = kernel.code.split('\n')[first.lineNum - 1]?.trim() ?? '';
      throw new GpuError('gpu', kernel.name, 'WGSL that compiles', `line ${first.lineNum}:${first.linePos} "${line.slice(0, 80)}": ${oneLine(first.message)}`);
    }
  }

  /** One explicit layout per list of access modes: `layout: 'auto'` would make each pipeline's bind groups its own. */
  #layout(bindings: readonly Binding[]): { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout } {
    const key = bindings.map(({ access }) => (access === 'update' || access === 'part' ? 'write' : access)).join();
    let layout = this.#layouts.get(key);
    if (!layout) {
      const group = this.#device.raw.createBindGroupLayout({
        label: key,
        entries: bindings.map(({ access }, binding) => ({
          binding,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: access === 'uniform' ? 'uniform' : access === 'read' ? 'read-only-storage' : 'storage' },
        })),
      });
      layout = { group, pipeline: this.#device.raw.createPipelineLayout({ label: key, bindGroupLayouts: [group] }) };
      this.#layouts.set(key, layout);
    }
    return layout;
  }
}
