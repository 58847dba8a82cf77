// npm run test:texts: whether kernels are WGSL that need what no software adapter has.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { benchFolder, installPeers } from './bench-install.mjs';
import { load } from './bundle.mjs';
import { CommandError, readOptions, runIfStarted } from './command.mjs';
import { install } from './install.mjs';

const help = `npm run test:texts [-- options]
Makes a pipeline of every kernel with a golden text, in Node through Dawn's null backend (the package webgpu of bench): it runs nothing, and has every
feature, so that also the texts with f16 and with matrices of subgroups go through the compiler that Chrome has. Needs no GPU.

  --grep text   only the kernels whose names contain the text
  --help        this text`;

await runIfStarted(import.meta.url, async (args) => {
  const { help: wantsHelp, grep = '' } = readOptions('npm run test:texts', { help: { type: 'flag' }, grep: { type: 'value' } }, args);
  if (wantsHelp) {
    console.log(help);
    return 0;
  }
  install(console.log);
  installPeers(console.log);
  const { create, globals } = createRequire(join(benchFolder, 'package.json'))('webgpu');
  Object.assign(globalThis, globals);
  // Dawn ends with the object: this name keeps it.
  const gpu = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
  const adapter = await gpu.requestAdapter();
  const device = await adapter.requestDevice({ requiredFeatures: ['shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix'] });
  const { goldenKernels } = /** @type {{ goldenKernels: ReadonlyMap<string, import('../../shaders/kernel.ts').Kernel> }} */ (await load('e2e/golden-kernels.ts'));
  const kernels = [...goldenKernels].filter(([name]) => name.includes(String(grep)));
  if (kernels.length === 0) throw new CommandError(`npm run test:texts: needs a kernel whose name contains ${JSON.stringify(grep)}, got none.`, 2);
  let failed = 0;
  for (const [name, { code, bindings }] of kernels) {
    const module = device.createShaderModule({ code });
    // Programs refuse a launch that binds more than a device does: then only the text is compiled.
    const isBindable = bindings.length <= device.limits.maxStorageBuffersPerShaderStage;
    /** @type {string} */
    const problem = !isBindable ? '' : await device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } }).then(() => '', (/** @type {Error} */ error) => error.message);
    const { messages } = await module.getCompilationInfo();
    const said = [...messages].map(({ lineNum, message }) => `line ${lineNum}: ${message}`);
    if (!problem && said.length === 0) continue;
    failed += 1;
    console.log(`FAIL  ${name}\n${[problem, ...said].filter((line) => line !== '').join('\n')}`);
  }
  console.log(`${kernels.length - failed} of ${kernels.length} passed, ${kernels.filter(([, { enables = [] }]) => enables.includes('f16')).length} of them with f16, ${kernels.filter(([, { enables = [] }]) => enables.includes('chromium_experimental_subgroup_matrix')).length} with matrices of subgroups`);
  // Dawn's threads would keep the process.
  process.exit(failed === 0 ? 0 : 1);
});
