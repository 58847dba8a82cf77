import { convolutionQuad } from '../../shaders/convolution-quad.wgsl.ts';
import { matmulQuad } from '../../shaders/matmul-quad.wgsl.ts';
import type { ConvolutionSpec } from '../../shaders/convolution.wgsl.ts';
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
  // What stands in two loops counts once.
  const hot = new Set(Object.values(loops).filter((lines) => lines.some((line) => / Fma |OpVectorTimesMatrix/.test(line))).flat());
  return [...hot].filter((line) => /OpExtInst .* [USF](Min|Max|Clamp) /.test(line));
}

const product = (transposeA: boolean, transposeB: boolean): MatmulSpec =>
  ({ m: 64, n: 64, k: 32, transposeA, transposeB, epilogue: [], prologueA: [], prologueB: [], rowSums: transposeA, batch: [] });

const step = (cell: 'gru' | 'lstm'): RecurrentSpec => ({
  cell, batch: 32, time: 16, hidden: 128, reverse: false, isFirst: false, isLast: false, hasBias: false, hasInitialHidden: false, hasInitialCell: false,
});

/** With edges in every direction, groups, a stride and channels that are no multiple of a quad's. */
const convolution = (transposed: boolean): ConvolutionSpec => ({
  batch: 3, groups: 2, inChannels: 5, outChannels: 35, input: [9, 35], output: [5, 18], kernel: [3, 3], stride: [2, 2], padding: [1, 1], dilation: [1, 1],
  transposed, bias: !transposed, epilogue: [],
});

const FORMS = [[false, false], [false, true], [true, false], [true, true]] as const;

test('Chrome adds no clamp to the loops of the hot kernels', async ({ playwright, launchOptions, baseURL }) => {
  const hot = [
    ...FORMS.map(([transposeA, transposeB]) => matmulQuad(product(transposeA, transposeB), 16)),
    matmulQuad(product(true, false), 32),
    ...(['gru', 'lstm'] as const).flatMap((cell) => [recurrentForwardQuad(step(cell)), recurrentBackwardQuad(step(cell))]),
    ...[false, true].map((transposed) => convolutionQuad(convolution(transposed))),
    // The same without edges: no index of theirs is clamped by hand.
    { ...convolutionQuad({ ...convolution(false), batch: 4, groups: 1, inChannels: 8, outChannels: 16, input: [10, 34], output: [8, 32], stride: [1, 1], padding: [0, 0] }), name: 'convolution/quad inside' },
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
    // What their texts clamp themselves: the row, and the kernel row that a class of rows does not have.
    const byHand: Readonly<Record<string, number>> = { 'convolution/quad': 1, 'convolution-transposed/quad': 2 };
    expect(Object.fromEntries(Object.entries(clamps).map(([name, found]) => [name, found.length]))).toEqual(Object.fromEntries(hot.map(({ name }) => [name, byHand[name] ?? 0])));
    expect(Object.keys(clamps)).toHaveLength(12);
  } finally {
    await browser.close();
  }
});
