import { expect, test } from 'playwright/test';
import { libraryOps } from '../../src/ops/index.ts';
import { matrixVariants, namesOf, quadVariants, subgroupVariants, variantNames } from '../../src/ops/variants.ts';
import { bundleSize, TRAINING_PROGRAM } from '../../src/cli/size.mjs';

// What a page has to load before it can train: through a bundler with minification, as its users would.

/** Bytes after gzip of all that is loaded at once: a ratchet on the way to 45,000. What makes it smaller lowers it, and nothing may raise it. */
const LIMIT = 58_250;

test('a program that trains an MLP and a CNN consists of what it uses', async () => {
  const { gzip, bytes, modules, chunks, later } = await bundleSize(TRAINING_PROGRAM);
  console.log(`MLP and CNN training: ${(gzip / 1000).toFixed(1)} KB gzip, ${(bytes / 1000).toFixed(1)} KB minified, of ${modules.length} modules; the largest: `
    + modules.slice(0, 8).map(({ name, bytes: own }) => `${name.split('/').at(-1)} ${(own / 1000).toFixed(1)}`).join(', '));
  // What such a training loads beside: on a device with quads their kernels, else nothing.
  const quads = later.filter((chunk) => chunk.modules.some(({ name }) => name === 'src/gpu/quads.ts'));
  console.log(`on a device with quads also ${(quads.reduce((sum, chunk) => sum + chunk.gzip, 0) / 1000).toFixed(1)} KB`);
  expect(quads.flatMap((chunk) => chunk.modules.map(({ name }) => name))).toContain('shaders/matmul-quad.wgsl.ts');
  expect(gzip).toBeLessThanOrEqual(LIMIT);
  const names = modules.map(({ name }) => name);
  expect(names).toContain('src/nn/trainer.ts');
  // Ops that neither net has, and the list of all of them, which would bring them.
  for (const part of ['index', 'recurrent', 'attention', 'normalization', 'batch-norm', 'indexing', 'reductions', 'pad', 'rotary', 'cumsum', 'upsample', 'element-losses', 'dropout']) {
    expect(names, part).not.toContain(`src/ops/${part}.ts`);
  }
  // Of formulas and the functions that they call those of its ops.
  const code = chunks.map(({ code: text }) => text).join('');
  expect(['reluBackward', 'sigmoidBackward', 'fn logistic', 'fn errorFunction', 'fn quarterSine', 'fn power'].filter((part) => code.includes(part))).toEqual(['reluBackward']);
  // What is not training loads when it is asked for, and that is no op either. Saving a state is there from the start.
  const deferred = later.flatMap((chunk) => chunk.modules.map(({ name }) => name));
  expect(deferred).toEqual(expect.arrayContaining(['src/nn/profile.ts', 'src/nn/snapshot.ts', 'src/gpu/observe.ts', 'src/nn/load-state.ts', 'src/nn/copy-parameters.ts', 'src/nn/diagnostics.ts', 'src/nn/extras.ts', 'src/nn/evaluate.ts', 'src/program/cutting.ts', 'src/ops/cuts/product.ts', 'src/nn/extra-launches.ts', 'src/nn/metrics/measuring.ts', 'src/gpu/quads.ts']));
  expect(names).toContain('src/nn/state.ts');
  // The sum of a loss and its penalties, what puts cut columns side by side, and the names of variants that somebody may force.
  expect(deferred.filter((name) => /^src\/ops\/(?!cuts\/)/.test(name)).sort()).toEqual(['src/ops/broadcast.ts', 'src/ops/join.ts', 'src/ops/variants.ts']);
  expect([...names, ...deferred].filter((name) => /^src\/(check|proof|reference|mutation)\//.test(name))).toEqual([]);
});

test('who writes requests by hand may name any formula, though no op of the page brings it', async () => {
  const { chunks } = await bundleSize(`
import { createTensor, map } from 'chainrule/kernels';
export const steps = map(createTensor('x', [2]), [{ formula: 'sin' }], createTensor('y', [2])).spec.steps;`);
  const code = chunks.map(({ code: text }) => text).join('');
  const { steps } = await import(`data:text/javascript,${encodeURIComponent(code)}`) as { steps: readonly { formula: string }[] };
  expect(steps.map(({ formula }) => formula)).toEqual(['sin']);
  expect(code).toContain('fn quarterSine');
});

test('the gradient check is a chunk of its own, which a page loads when it checks', async () => {
  const checking = `${TRAINING_PROGRAM}\nexport const check = async (trainer) => (await import('chainrule/gradcheck')).checkGradients(trainer);`;
  const [plain, { gzip, modules, later }] = [await bundleSize(TRAINING_PROGRAM), await bundleSize(checking)];
  expect(modules.filter(({ name }) => /^src\/(check|proof|reference|mutation)\//.test(name))).toEqual([]);
  expect(later.flatMap((chunk) => chunk.modules.map(({ name }) => name))).toContain('src/check/check-gradients.ts');
  console.log(`with the check in a chunk of its own: ${(gzip / 1000).toFixed(1)} KB gzip at once (${(plain.gzip / 1000).toFixed(1)} without), ${(later.reduce((sum, chunk) => sum + chunk.gzip, 0) / 1000).toFixed(1)} KB later`);
});

test('the written list of families with a choice is what the ops list', () => {
  expect(variantNames).toEqual(namesOf(libraryOps.flatMap(({ families = [] }) => families)));
  const matrixUnits = [{ m: 8, n: 8, k: 8, type: 'f32', lanes: 32 }] as const;
  // Which variants a device runs that lacks just what they need.
  for (const [written, lacks] of [
    [quadVariants, { quads: false, subgroups: true, matrixUnits }], [subgroupVariants, { quads: true, subgroups: false, matrixUnits }], [matrixVariants, { quads: true, subgroups: true, matrixUnits: [] }],
  ] as const) {
    const needing = libraryOps.flatMap(({ families = [] }) => families).map((family) => ({ ...family, variants: family.variants.filter(({ runs }) => runs && !runs({ adapterClass: 'cpu', maxBindings: 8, ...lacks })) }));
    expect(written).toEqual(namesOf(needing.filter(({ variants }) => variants.length > 0)));
  }
});
