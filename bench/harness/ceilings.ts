// What the adapter can do at most, measured with kernels that do nothing else: the ground for every "fraction of the ceiling".

export interface Ceilings {
  /** Floating-point operations per second of multiply-adds that stay in registers, in units of 1e9. */
  readonly gflops: number;
  /** Bytes read and written per second by a copy, in units of 1e9. */
  readonly gbps: number;
  /** Which of the tried kernels was the fastest. */
  readonly multiplyAdd: string;
  readonly copy: string;
}

interface Trial {
  readonly name: string;
  readonly code: string;
  readonly groups: number;
  /** Operations or bytes of one dispatch. */
  readonly work: number;
  readonly bytes: number;
}

/** Lanes that add and bytes that are copied: enough to fill a software adapter, and a large GPU beyond its caches. */
const SMALL = { lanes: 8_192, bytes: 64 * 2 ** 20 };
const LARGE = { lanes: 1_048_576, bytes: 512 * 2 ** 20 };
/** Milliseconds of the small multiply-add: an adapter that takes less is a GPU. */
const FAST = 2;
const ROUNDS = 4;
/** Milliseconds of one sample. */
const SAMPLE = 40;

/** `chains` sums of vec4 that do not wait for each other, each lane on its own. */
function multiplyAdd(lanes: number, chains: number, workgroup: number, builtin: boolean): Trial {
  const loops = 512;
  const names = Array.from({ length: chains }, (_, i) => `s${i}`);
  const step = (name: string): string => (builtin ? `${name} = fma(${name}, a, b);` : `${name} = ${name} * a + b;`);
  return {
    name: `${chains} chains of vec4${builtin ? ' fma' : ''}, workgroups of ${workgroup}`, groups: lanes / workgroup, work: 2 * 4 * chains * loops * lanes, bytes: lanes * 16,
    code: `
@group(0) @binding(0) var<storage, read> given: array<vec4f, ${lanes}>;
@group(0) @binding(1) var<storage, read_write> made: array<vec4f, ${lanes}>;
@compute @workgroup_size(${workgroup})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let lane = min(id.x, ${lanes - 1}u);
  let a = given[lane] * 0.0 + 0.999;
  let b = given[lane] * 0.0 + 0.001;
  ${names.map((name, i) => `var ${name} = given[lane] + ${i}.0;`).join('\n  ')}
  for (var i = 0u; i < ${loops}u; i++) {
    ${names.map(step).join('\n    ')}
  }
  made[lane] = ${names.join(' + ')};
}`,
  };
}

/** Each lane copies `each` vec4, one workgroup's lanes side by side. */
function copy(bytes: number, each: number, workgroup: number): Trial {
  const count = bytes / 16;
  return {
    name: `${each} vec4 a lane, workgroups of ${workgroup}`, groups: count / each / workgroup, work: 2 * bytes, bytes,
    code: `
@group(0) @binding(0) var<storage, read> given: array<vec4f, ${count}>;
@group(0) @binding(1) var<storage, read_write> made: array<vec4f, ${count}>;
@compute @workgroup_size(${workgroup})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * ${each * workgroup}u + lane;
  for (var i = 0u; i < ${each}u; i++) {
    let place = min(first + i * ${workgroup}u, ${count - 1}u);
    made[place] = given[place];
  }
}`,
  };
}

/** The best rate over rounds, in units of 1e9 per second. */
async function rateOf(device: GPUDevice, { code, groups, work, bytes }: Trial): Promise<number> {
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module: device.createShaderModule({ code }) } });
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
  const buffers = [0, 1].map(() => device.createBuffer({ size: bytes, usage }));
  const bindGroup = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })) });
  const rows = Math.ceil(groups / 65_535);
  const run = async (times: number): Promise<number> => {
    const start = performance.now();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    for (let i = 0; i < times; i++) pass.dispatchWorkgroups(Math.ceil(groups / rows), rows);
    pass.end();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    return (performance.now() - start) / times;
  };
  await run(1);
  const times = Math.max(1, Math.round(SAMPLE / await run(1)));
  let best = Infinity;
  for (let i = 0; i < ROUNDS; i++) best = Math.min(best, await run(times));
  for (const buffer of buffers) buffer.destroy();
  return work / best / 1e6;
}

async function bestOf(device: GPUDevice, trials: readonly Trial[]): Promise<{ rate: number; name: string }> {
  let best = { rate: 0, name: '' };
  for (const trial of trials) {
    const rate = await rateOf(device, trial);
    if (rate > best.rate) best = { rate, name: trial.name };
  }
  return best;
}

export async function measureCeilings(): Promise<Ceilings> {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('bench: needs a WebGPU adapter, got none.');
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const device = await adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } });
  const first = multiplyAdd(SMALL.lanes, 8, 64, false);
  const { lanes, bytes } = first.work / (await rateOf(device, first)) / 1e6 < FAST && Math.min(maxBufferSize, maxStorageBufferBindingSize) >= LARGE.bytes ? LARGE : SMALL;
  const multiplyAdds = [4, 8, 12, 16].flatMap((chains) => [64, 256].flatMap((workgroup) => [true, false].map((builtin) => multiplyAdd(lanes, chains, workgroup, builtin))));
  const compute = await bestOf(device, multiplyAdds);
  const memory = await bestOf(device, [1, 4, 16, 64].flatMap((each) => [64, 256].map((workgroup) => copy(bytes, each, workgroup))));
  device.destroy();
  return { gflops: compute.rate, gbps: memory.rate, multiplyAdd: compute.name, copy: memory.name };
}
