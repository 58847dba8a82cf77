// Counts what every library asks of WebGPU, by wrapping the prototypes: no library is trusted on it, and all are counted alike.

export interface Counts {
  readonly dispatches: number;
  readonly submits: number;
  readonly bindGroups: number;
  readonly buffers: number;
  /** Pipelines compiled. */
  readonly pipelines: number;
  /** Bytes of the buffers created. */
  readonly bytes: number;
  /** Buffers mapped for reading: each waits for the GPU. */
  readonly readbacks: number;
  /** writeBuffer calls. */
  readonly uploads: number;
}

type Tally = { -readonly [K in keyof Counts]: number };

/** What one device was asked for. */
export class Account {
  readonly counts: Tally = { dispatches: 0, submits: 0, bindGroups: 0, buffers: 0, pipelines: 0, bytes: 0, readbacks: 0, uploads: 0 };
  /** Bytes of the buffers that were created and not destroyed. */
  live = 0;
  /** The most bytes that were live at once since `markPeak`. */
  peak = 0;

  snapshot(): Counts {
    return { ...this.counts };
  }

  /** From here on `peak` counts anew. */
  markPeak(): void {
    this.peak = this.live;
  }
}

/** One dispatch as a library made it. */
export interface RecordedDispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroups: readonly (readonly [index: number, group: GPUBindGroup])[];
  readonly groups: readonly [number, number, number];
}

interface Recording {
  readonly dispatches: RecordedDispatch[];
  /** Buffers whose end waits until the recording is not needed any more. */
  readonly doomed: GPUBuffer[];
}

const accounts = new WeakMap<GPUDevice, Account>();
const devices: GPUDevice[] = [];
const owners = new WeakMap<object, GPUDevice>();
const passes = new WeakMap<object, { pipeline?: GPUComputePipeline; bindGroups: Map<number, GPUBindGroup> }>();
const sizes = new WeakMap<GPUBuffer, number>();
let recording: Recording | undefined;
let installed = false;

export function accountOf(device: GPUDevice): Account {
  const account = accounts.get(device);
  if (!account) throw new Error('counters: needs a device that was opened after installCounters(), got another.');
  return account;
}

/** The bytes that are live now, by device. */
export function liveBytes(): ReadonlyMap<GPUDevice, number> {
  return new Map(devices.map((device) => [device, accountOf(device).live]));
}

/** Runs `open` and returns the device that it opened: the last one, where it opened several. */
export async function deviceOpenedBy<T>(open: () => Promise<T>): Promise<{ result: T; device: GPUDevice }> {
  const before = devices.length;
  const result = await open();
  const device = devices.at(-1);
  if (!device || devices.length === before) throw new Error('counters: needs a library that opens a WebGPU device, got none opened.');
  return { result, device };
}

/** Runs `body` and returns its dispatches, with all that they bind still alive. */
export async function record(body: () => Promise<unknown>): Promise<{ dispatches: readonly RecordedDispatch[]; release: () => void }> {
  if (recording) throw new Error('counters: needs one recording at a time.');
  const own: Recording = { dispatches: [], doomed: [] };
  recording = own;
  try {
    await body();
  } finally {
    recording = undefined;
  }
  return { dispatches: own.dispatches, release: () => own.doomed.forEach((buffer) => { buffer.destroy(); }) };
}

function add(owner: object, name: keyof Counts, amount = 1): void {
  const device = owners.get(owner);
  if (device) accountOf(device).counts[name] += amount;
}

type Method = (this: object, ...args: never[]) => unknown;

/** Puts `around` in the place of a method; it gets the original bound to its object. */
function wrap(type: { readonly prototype: object } | undefined, method: string, around: (self: object, original: (...args: unknown[]) => unknown, args: unknown[]) => unknown): void {
  if (!type) throw new Error(`counters: needs WebGPU's classes, got none with ${method}.`);
  const prototype = type.prototype as Record<string, Method>;
  const original = prototype[method] as (...args: unknown[]) => unknown;
  prototype[method] = function wrapped(this: object, ...args: unknown[]) {
    return around(this, (...given) => original.apply(this, given), args);
  } as Method;
}

const belongsTo = (made: unknown, maker: object): unknown => {
  const device = owners.get(maker);
  if (device && made !== null && typeof made === 'object') owners.set(made, device);
  return made;
};

function end(buffer: GPUBuffer): void {
  const device = owners.get(buffer);
  const size = sizes.get(buffer);
  // destroy() may be called twice.
  if (!device || size === undefined) return;
  sizes.delete(buffer);
  accountOf(device).live -= size;
}

/** Wraps the prototypes. Call it before any library is loaded. */
export function installCounters(): void {
  if (installed) return;
  installed = true;
  const page = globalThis as unknown as Record<string, { readonly prototype: object } | undefined>;
  wrap(page.GPUAdapter, 'requestDevice', async (_, original, args) => {
    const device = await original(...args) as GPUDevice;
    accounts.set(device, new Account());
    owners.set(device, device);
    owners.set(device.queue, device);
    devices.push(device);
    return device;
  });
  wrap(page.GPUDevice, 'createBuffer', (self, original, args) => {
    const buffer = belongsTo(original(...args), self) as GPUBuffer;
    add(self, 'buffers');
    add(self, 'bytes', buffer.size);
    const account = accountOf(owners.get(self)!);
    sizes.set(buffer, buffer.size);
    account.live += buffer.size;
    account.peak = Math.max(account.peak, account.live);
    return buffer;
  });
  wrap(page.GPUBuffer, 'destroy', (self, original) => {
    if (recording) {
      recording.doomed.push(self as GPUBuffer);
      return undefined;
    }
    end(self as GPUBuffer);
    return original();
  });
  wrap(page.GPUBuffer, 'mapAsync', (self, original, args) => {
    if (args[0] === GPUMapMode.READ) add(self, 'readbacks');
    return original(...args);
  });
  wrap(page.GPUDevice, 'createBindGroup', (self, original, args) => {
    add(self, 'bindGroups');
    return original(...args);
  });
  for (const method of ['createComputePipeline', 'createComputePipelineAsync']) {
    wrap(page.GPUDevice, method, (self, original, args) => {
      add(self, 'pipelines');
      return original(...args);
    });
  }
  wrap(page.GPUDevice, 'createCommandEncoder', (self, original, args) => belongsTo(original(...args), self));
  wrap(page.GPUCommandEncoder, 'finish', (self, original, args) => belongsTo(original(...args), self));
  wrap(page.GPUCommandEncoder, 'beginComputePass', (self, original, args) => {
    const pass = belongsTo(original(...args), self) as object;
    if (recording) passes.set(pass, { bindGroups: new Map() });
    return pass;
  });
  wrap(page.GPUComputePassEncoder, 'setPipeline', (self, original, args) => {
    const pass = passes.get(self);
    if (pass) pass.pipeline = args[0] as GPUComputePipeline;
    return original(...args);
  });
  wrap(page.GPUComputePassEncoder, 'setBindGroup', (self, original, args) => {
    passes.get(self)?.bindGroups.set(args[0] as number, args[1] as GPUBindGroup);
    return original(...args);
  });
  wrap(page.GPUComputePassEncoder, 'dispatchWorkgroups', (self, original, args) => {
    add(self, 'dispatches');
    const pass = passes.get(self);
    if (recording && pass?.pipeline) {
      const [x, y = 1, z = 1] = args as number[];
      recording.dispatches.push({ pipeline: pass.pipeline, bindGroups: [...pass.bindGroups], groups: [x, y, z] });
    }
    return original(...args);
  });
  wrap(page.GPUComputePassEncoder, 'dispatchWorkgroupsIndirect', (self, original, args) => {
    add(self, 'dispatches');
    return original(...args);
  });
  wrap(page.GPUQueue, 'submit', (self, original, args) => {
    // Dawn in Node gives a queue another object each time it is asked for; the commands know their device.
    const [first] = args[0] as object[];
    add(first ?? self, 'submits');
    return original(...args);
  });
  wrap(page.GPUQueue, 'writeBuffer', (_, original, args) => {
    add(args[0] as object, 'uploads');
    return original(...args);
  });
}
