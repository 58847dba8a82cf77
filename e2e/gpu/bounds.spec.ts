import { matmulQuad } from '../../shaders/matmul-quad.wgsl.ts';
import { matmulRegister, type MatmulSpec } from '../../shaders/matmul.wgsl.ts';
import { expect, test } from '../harness.ts';

// Tint puts a clamp on every index that it cannot prove to be in bounds. In a hot loop there should be none to pay for.

/** Lines of the loops of a SPIR-V disassembly that clamp something. */
function clampsInLoops(spirv: string): string[] {
  const open: string[] = [];
  return spirv.split('\n').filter((line) => {
    const label = /(%\S+) = OpLabel/.exec(line)?.[1];
    if (label && open.at(-1) === label) open.pop();
    const merge = /OpLoopMerge (%\S+)/.exec(line)?.[1];
    if (merge) open.push(merge);
    return open.length > 0 && /OpExtInst .* [USF](Min|Max|Clamp) /.test(line);
  });
}

const product = (transposeA: boolean, transposeB: boolean): MatmulSpec =>
  ({ m: 64, n: 64, k: 32, transposeA, transposeB, epilogue: [], prologueA: [], prologueB: [], rowSums: transposeA, batch: [] });

const FORMS = [[false, false], [false, true], [true, false], [true, true]] as const;

test('Chrome adds no clamp to the loops of the hot kernels', async ({ playwright, launchOptions, baseURL }) => {
  const hot = FORMS.map(([transposeA, transposeB]) => matmulQuad(product(transposeA, transposeB), 16));
  // Its loads go through functions, whose arguments have no range: this shows that a clamp would be found.
  const { name, code } = matmulRegister({ ...product(false, false), n: 63 }, 4, 'register');
  const unproven = { name, code: code.replace('let row = ', 'var row = ').replaceAll('load_b(k, column)', 'vec4f(b[k * 63u + row])') };
  const browser = await playwright.chromium.launch({ ...launchOptions, args: [...launchOptions.args ?? [], '--enable-dawn-features=dump_shaders'] });
  try {
    const page = await browser.newPage();
    const dumped: string[] = [];
    page.on('console', (message) => dumped.push(message.text()));
    await page.goto(`${baseURL!}e2e/harness.html`);
    const clamps: Record<string, string[]> = {};
    for (const kernel of [...hot, unproven]) {
      dumped.length = 0;
      await page.evaluate(async (code) => {
        const adapter = (await navigator.gpu.requestAdapter())!;
        const device = await adapter.requestDevice({ requiredFeatures: ['subgroups'] });
        await device.createComputePipelineAsync({ layout: 'auto', compute: { module: device.createShaderModule({ code }) } });
        device.destroy();
      }, kernel.code);
      const spirv = dumped.filter((text) => text.includes('SPIRV disassembly')).join('\n');
      expect(spirv, `${kernel.name}: the browser dumps what it compiles`).toContain('OpLoopMerge');
      clamps[kernel.name] = clampsInLoops(spirv);
    }
    expect(clamps[unproven.name]).not.toEqual([]);
    delete clamps[unproven.name];
    expect(clamps).toEqual({ 'matmul-nn/quad': [], 'matmul-nt/quad': [], 'matmul-tn/quad': [], 'matmul-tt/quad': [] });
  } finally {
    await browser.close();
  }
});
