import { answer, type BenchRequest, type Loaders } from '../harness/answer.ts';
import { installCounters } from '../harness/counters.ts';

// Before any library is there.
installCounters();

const loaders: Loaders = {
  chainrule: async () => (await import('../contestants/chainrule/index.ts')).chainrule,
  tfjs: async () => (await import('../contestants/tfjs/index.ts')).tfjs,
  jax: async () => (await import('../contestants/jax/index.ts')).jax,
  'jax-eager': async () => (await import('../contestants/jax/index.ts')).jaxEager,
  onnxruntime: async () => (await import('../contestants/onnxruntime/index.ts')).onnxruntime,
};

const command = globalThis as unknown as { chainruleBenchProgress(line: string): void };

Object.assign(globalThis, { chainruleBench: (request: BenchRequest) => answer(request, loaders, (line) => command.chainruleBenchProgress(line)) });
