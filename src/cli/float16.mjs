// npm run test:float16: what needs 16-bit floats, in Node through Dawn, for browsers' software adapter has none.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { benchFolder, installPeers } from './bench-install.mjs';
import { load } from './bundle.mjs';
import { CommandError, readOptions, runIfStarted } from './command.mjs';
import { install } from './install.mjs';

const help = `npm run test:float16 [-- options]
Tests mixed precision in Node through Dawn (the package webgpu of bench, on Vulkan): every kernel with f16 operands against float64, training
against float32, the loss scale, the drift of gradients. It needs an adapter with shader-f16 and fails where there is none; so it is
no part of npm test, where SwiftShader has none. Mesa's software adapter has it:
  VK_ICD_FILENAMES=/usr/share/vulkan/icd.d/lvp_icd.json npm run test:float16

  --grep text   only the cases whose names contain the text
  --help        this text`;

await runIfStarted(import.meta.url, async (args) => {
  const { help: wantsHelp, grep } = readOptions('npm run test:float16', { help: { type: 'flag' }, grep: { type: 'value' } }, args);
  if (wantsHelp) {
    console.log(help);
    return 0;
  }
  install(console.log);
  installPeers(console.log);
  const { create, globals } = createRequire(join(benchFolder, 'package.json'))('webgpu');
  Object.assign(globalThis, globals);
  // Dawn ends with the object: this name keeps it.
  const gpu = create(['backend=vulkan']);
  const host = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (globalThis));
  if (host.navigator === undefined) host.navigator = { userAgent: 'Node' };
  Object.defineProperty(host.navigator, 'gpu', { value: gpu, configurable: true });
  const { runCases } = await load('e2e/float16/index.ts');
  let result;
  try {
    result = await runCases(typeof grep === 'string' ? grep : '', console.log);
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error));
  }
  if (result.ran === 0) throw new CommandError(`npm run test:float16: needs a case whose name contains ${JSON.stringify(grep)}, got none.`, 2);
  console.log(`${result.ran - result.failed} of ${result.ran} passed`);
  // Dawn's threads would keep the process.
  process.exit(result.failed === 0 ? 0 : 1);
});
