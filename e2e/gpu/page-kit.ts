// Runs in the page: what several GPU tests need there. `await lib.load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts')`.
import { compile, openDevice, type CompileOptions, type Device, type Module, type Trainer } from '../../src/index.ts';

let opened: Promise<Device> | undefined;

/** One device for the tests that do it no harm, so that its pipelines stay compiled. */
export function sharedDevice(): Promise<Device> {
  opened ??= openDevice();
  return opened;
}

/** `compile` on the shared device. */
export async function compileShared(model: Module, options: Omit<CompileOptions, 'device'>): Promise<Trainer> {
  return compile(model, { device: await sharedDevice(), ...options });
}

/** Calls of one method: how often, and each in order with the others. */
export interface Calls {
  readonly count: Readonly<Record<string, number>>;
  /** Sizes of all createBuffer calls. */
  readonly bufferSizes: readonly number[];
  /** `submit` and, for each mapAsync, `map` when it is called and `mapped` when it is done. */
  readonly order: readonly string[];
  readonly shaders: readonly string[];
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

const watched: readonly [prototype: () => object, ...methods: string[]][] = [
  [() => GPUQueue.prototype, 'submit', 'writeBuffer'],
  [() => GPUDevice.prototype, 'createBuffer', 'createBindGroup', 'createBindGroupLayout', 'createCommandEncoder', 'createShaderModule', 'createComputePipeline', 'createComputePipelineAsync'],
  [() => GPUCommandEncoder.prototype, 'beginComputePass', 'copyBufferToBuffer'],
  [() => GPUComputePassEncoder.prototype, 'dispatchWorkgroups'],
  [() => GPUBuffer.prototype, 'mapAsync'],
];

/** Counts the calls of WebGPU's methods while `body` runs. */
export async function counted<T>(body: () => Promise<T>): Promise<{ calls: Calls; value: T }> {
  const count: Record<string, number> = {};
  const bufferSizes: number[] = [];
  const order: string[] = [];
  const shaders: string[] = [];
  const undo: (() => void)[] = [];
  for (const [find, ...methods] of watched) {
    const prototype = find() as Record<string, Method>;
    for (const method of methods) {
      const original = prototype[method];
      count[method] = 0;
      prototype[method] = function (...args) {
        count[method] += 1;
        if (method === 'createBuffer') bufferSizes.push((args[0] as GPUBufferDescriptor).size);
        if (method === 'createShaderModule') shaders.push((args[0] as GPUShaderModuleDescriptor).code);
        if (method === 'submit') order.push('submit');
        const result = original.apply(this, args);
        if (method === 'mapAsync') {
          order.push('map');
          const done = (): void => { order.push('mapped'); };
          (result as Promise<void>).then(done, done);
        }
        return result;
      };
      undo.push(() => { prototype[method] = original; });
    }
  }
  try {
    const value = await body();
    return { calls: { count, bufferSizes, order, shaders }, value };
  } finally {
    for (const restore of undo) restore();
  }
}

/** Replaces one method while `body` runs. */
export async function patched<T>(prototype: object, method: string, make: (original: Method) => Method, body: () => Promise<T>): Promise<T> {
  const methods = prototype as Record<string, Method>;
  const original = methods[method];
  methods[method] = make(original);
  try {
    return await body();
  } finally {
    methods[method] = original;
  }
}

/** Rejections that nobody handled while `body` ran and two tasks longer. */
export async function unhandled(body: () => Promise<unknown>): Promise<string[]> {
  const seen: string[] = [];
  const listener = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    seen.push(String(event.reason));
  };
  addEventListener('unhandledrejection', listener);
  try {
    await body();
    for (let task = 0; task < 3; task++) await new Promise((resolve) => { setTimeout(resolve, 10); });
  } finally {
    removeEventListener('unhandledrejection', listener);
  }
  return seen;
}
