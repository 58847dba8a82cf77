// The cases in Node through Dawn: one request per process, its answer as JSON on stdout.
import { create, globals } from 'webgpu';
import { answer, type BenchRequest, type Loaders } from '../harness/answer.ts';
import { installCounters } from '../harness/counters.ts';

Object.assign(globalThis, globals);
// Kept alive by this name: Dawn ends with the object.
const gpu = create(['backend=vulkan', 'enable-dawn-features=allow_unsafe_apis']);
const host = globalThis as unknown as Record<string, unknown>;
if (host.navigator === undefined) host.navigator = { userAgent: 'Node' };
Object.defineProperty(host.navigator, 'gpu', { value: gpu, configurable: true });
installCounters();

const loaders: Loaders = {
  chainrule: async () => (await import('../contestants/chainrule/index.ts')).chainrule,
  tfjs: async () => (await import('../contestants/tfjs/index.ts')).tfjs,
  jax: async () => (await import('../contestants/jax/index.ts')).jax,
  'jax-eager': async () => (await import('../contestants/jax/index.ts')).jaxEager,
};

const request = JSON.parse(process.argv[2]) as BenchRequest;
const result = await answer(request, loaders, (line) => console.error(line));
process.stdout.write(JSON.stringify(result), () => {
  // Devices are still open, and would keep the process.
  process.exit(0);
});
