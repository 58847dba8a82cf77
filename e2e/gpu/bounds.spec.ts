import { matmulQuad } from '../../shaders/matmul-quad.wgsl.ts';
import type { MatmulSpec } from '../../shaders/matmul.wgsl.ts';
import type { RecurrentSpec } from '../../shaders/recurrent-cells.wgsl.ts';
import { recurrentBackwardQuad, recurrentForwardQuad } from '../../shaders/recurrent-quad.wgsl.ts';
import { expect, test } from '../harness.ts';

// Tint puts a clamp on every index that it cannot prove to be in bounds. In a hot loop there should be none to pay for.

/** Lines that clamp something in those loops of a SPIR-V disassembly that multiply and add: what runs once after them is not hot. */
function clampsInLoops(spirv: string): string[] {
  const open: string[] = [];
  const loops: Record<string, string[]> = {};
  for (const line of spirv.split('\n')) {
    const label = /(%\S+) = OpLabel/.exec(line)?.[1];
    if (label && open.at(-1) === label) open.pop();
    const merge = /OpLoopMerge (%\S+)/.exec(line)?.[1];
    if (merge) open.push(merge);
    for (const loop of open) (loops[loop] ??= []).push(line);
  }
  return Object.values(loops).filter((lines) => lines.some((line) => line.includes(' Fma '))).flat().filter((line) => /OpExtInst .* [USF](Min|Max|Clamp) /.test(line));
}

const product = (transposeA: boolean, transposeB: boolean): MatmulSpec =>
  ({ m: 64, n: 64, k: 32, transposeA, transposeB, epilogue: [], prologueA: [], prologueB: [], rowSums: transposeA, batch: [] });

const step = (cell: 'gru' | 'lstm'): RecurrentSpec => ({
  cell, batch: 32, time: 16, hidden: 128, reverse: false, isFirst: false, isLast: false, hasBias: false, hasInitialHidden: false, hasInitialCell: false,
});

const FORMS = [[false, false], [false, true], [true, false], [true, true]] as const;

test('Chrome adds no clamp to the loops of the hot kernels', async ({ playwright, launchOptions, baseURL }) => {
  const hot = [
    ...FORMS.map(([transposeA, transposeB]) => matmulQuad(product(transposeA, transposeB), 16)),
    ...(['gru', 'lstm'] as const).flatMap((cell) => [recurrentForwardQuad(step(cell)), recurrentBackwardQuad(step(cell))]),
  ];
  // A variable has no range: this shows that a clamp would be found.
  const { code } = recurrentForwardQuad(step('lstm'));
  const unproven = { name: 'unproven', code: code.replace('let start0 = ', 'var start0 = ') };
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
    expect(clamps).toEqual(Object.fromEntries(hot.map((kernel) => [kernel.name, []])));
    expect(Object.keys(clamps)).toHaveLength(8);
  } finally {
    await browser.close();
  }
});
