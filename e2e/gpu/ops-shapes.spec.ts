import fc from 'fast-check';
import { requestsOf } from '../../src/program/gradients.ts';
import { opRun } from '../../src/program/run-op.ts';
import { proofs } from '../../src/proof/index.ts';
import type { Sample } from '../../src/proof/proof.ts';
import { randomSizes } from '../random-sizes.ts';
import { expect, test, type Run } from '../harness.ts';

type Drawn = [sizes: Record<string, number>, seed: number];

/** A text to replace in the kernels whose name contains `kernel`. */
interface Bug {
  readonly kernel: string;
  readonly find: string;
  readonly replace: string;
}

/** Draws samples of an op and proves each on the GPU; what fast-check says where one fails, else undefined. */
async function proveRandomShapes(run: Run, op: string, numRuns: number, bug?: Bug) {
  let proven = 0;
  const property = fc.asyncProperty(randomSizes(op), async ([sizes, seed]) => {
    const found = await run(async ({ gradcheck, load }, { op, sizes, seed, bug }) => {
      const { runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
      const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
      const device = await sharedDevice();
      const sample = gradcheck.proofs[op]!.sizes!.sample(sizes, seed);
      const alter: import('../../src/program/plan.ts').Alter = (plan) => ({
        ...plan,
        launches: plan.launches.map((launch) => (bug && launch.kernel.name.includes(bug.kernel)
          ? { ...launch, kernel: { ...launch.kernel, code: launch.kernel.code.replaceAll(bug.find, bug.replace) } } : launch)),
      });
      const [{ passed, report }] = await gradcheck.checkSample((...call) => runOp(device, ...call, { alter }), op, sample, { cotangents: ['random'] });
      return { line: `${op} ${sample.name}`, passed, proven: report.proven, text: passed ? '' : String(report) };
    }, { op, sizes, seed, bug });
    if (!found.passed) throw new Error(`${found.line}\n${found.text}`);
    proven += found.proven;
  });
  const details = await fc.check(property, { numRuns, seed: 11 });
  const counterexample = details.counterexample?.[0] as Drawn | undefined;
  return {
    proven, sizes: counterexample?.[0], shrinks: details.numShrinks,
    failure: details.failed ? `after ${details.numShrinks} steps of shrinking:\n${(details.errorInstance as Error | null)?.message}` : undefined,
  };
}

/** The families of kernels that each op's samples ask for. */
const asked = new Map(Object.entries(proofs).map(([op, { samples }]) => [op, new Set(samples.flatMap((sample) => familiesOf(op, sample)))]));

function familiesOf(op: string, { options, inputs }: Sample): string[] {
  const { graph, seeds, wanted } = opRun(op, options, inputs, new Float32Array(0));
  const { forward, backward } = requestsOf(graph, seeds.map(({ tensor }) => ({ tensor, cotangent: 'given' })), wanted);
  return [...forward, ...backward].map(({ family }) => family.name);
}

/** Draws for each op: a family that many ops share is drawn by all of them, so each takes few; one with kernels of its own takes more. */
const [MANY, FEW, DRAWS] = [10, 2, 4];
const isShared = (family: string): boolean => [...asked.values()].filter((families) => families.has(family)).length > MANY;

for (const op of Object.keys(proofs)) {
  test(`${op}: random shapes`, async ({ run }) => {
    const draws = [...asked.get(op)!].every(isShared) ? FEW : DRAWS;
    const { failure, proven } = await proveRandomShapes(run, op, draws);
    expect(failure).toBeUndefined();
    expect(proven).toBeGreaterThan(5 * draws);
  });
}

test('the families that ops share are few, and most ops have more draws or many siblings', () => {
  const families = new Set([...asked.values()].flatMap((of) => [...of]));
  const shared = [...families].filter(isShared);
  expect(shared).toContain('elementwise');
  expect(shared.length).toBeLessThan(families.size / 4);
});

for (const [op, bug, smallest] of [
  // Four steps along k left out, which goes by one: even the smallest product shows it.
  ['matmul', { kernel: '/short', find: 'for (var k = 0u;', replace: 'for (var k = 4u;' }, { m: 1, k: 1, n: 1, batch: 0, batchA: 0, batchB: 0, transposeA: 0, transposeB: 0, zeros: 0 }],
  // The smallest sum that shows it: one partial sum of 256 terms that stops a term too early.
  ['sum', { kernel: 'reduce/serial', find: 'min(first + 256u', replace: 'min(first + 255u' }, { outer: 1, size: 256, inner: 1, overOuter: 0, overSize: 1, overInner: 0, keepDims: 0 }],
] satisfies [string, Bug, Record<string, number>][]) {
  test(`a bug in ${op} is shrunk to the smallest shape that shows it, with the line that replays it`, async ({ run }) => {
    const { failure, sizes, shrinks } = await proveRandomShapes(run, op, 60, bug);
    expect(sizes).toEqual(smallest);
    expect(shrinks).toBeGreaterThan(0);
    const line = Object.entries(smallest).filter(([, size]) => size !== 0).map(([name, size]) => `${name}=${size}`).join(' ');
    expect(failure).toContain(`\n${op} ${line} seed=`);
  });
}

for (const op of Object.keys(proofs)) {
  test(`${op}: two shapes in one program, and every input used twice`, async ({ run }) => {
    const samples = [proofs[op].samples[1], proofs[op].samples[3]];
    const found = await run(async ({ gradcheck, load }, { op, samples }) => {
      const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
      const { runTogether } = await load<typeof import('./sample-kit.ts')>('/e2e/gpu/sample-kit.ts');
      const device = await sharedDevice();
      const snapshot = await runTogether(device, ({ sample, apply }) => samples.flatMap((one) => {
        const { out, inputs } = sample(op, one);
        const twice = Object.values(inputs).filter(({ role }) => role === 'parameter').map((x) => apply('tanh', { x }));
        return [out, ...twice];
      }));
      const report = gradcheck.checkSnapshot(snapshot);
      const contributions = snapshot.launches.flatMap(({ outputs }) => outputs).filter(({ meaning }) => meaning?.kind === 'contribution');
      return { passed: report.passed, text: String(report), gradients: Object.keys(snapshot.gradients).length, contributions: contributions.length };
    }, { op, samples });
    expect(found.passed, found.text).toBe(true);
    // Ops that hold all of their inputs constant have no gradient.
    if (proofs[op].differentiable.length > 0) expect(found.gradients).toBeGreaterThanOrEqual(samples.length);
  });
}

interface Twice {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly shape: readonly number[];
  readonly options?: Readonly<Record<string, boolean>>;
}

const FORMS = [false, true].flatMap((transposeA) => [false, true].map((transposeB) => ({ transposeA, transposeB })));
const TWICE: readonly Twice[] = [
  { op: 'add', inputs: ['a', 'b'], shape: [5, 7] },
  { op: 'sub', inputs: ['a', 'b'], shape: [5, 7] },
  { op: 'mul', inputs: ['a', 'b'], shape: [3, 16] },
  { op: 'linear', inputs: ['x', 'weight'], shape: [6, 11] },
  { op: 'mse', inputs: ['input', 'target'], shape: [4, 9] },
  ...FORMS.map((options) => ({ op: 'matmul', inputs: ['a', 'b'], shape: [7, 7], options })),
];
for (const { op, inputs, shape, options = {} } of TWICE) {
  test(`${op}${Object.entries(options).filter(([, on]) => on).map(([name]) => `, ${name}`).join('')}: one tensor as both operands`, async ({ run }) => {
    const found = await run(async ({ gradcheck, load }, { op, inputs, shape, options }) => {
      const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
      const { runTogether } = await load<typeof import('./sample-kit.ts')>('/e2e/gpu/sample-kit.ts');
      const device = await sharedDevice();
      const reports = [];
      for (const fusion of [true, false]) {
        reports.push(gradcheck.checkSnapshot(await runTogether(device, ({ leaf, apply }) => {
          const x = leaf('x', gradcheck.normals(3, shape));
          // x − x and (x − x)² leave no gradient of their own: what else x is used for must come through whole.
          return [apply(op, Object.fromEntries(inputs.map((name) => [name, x])), options), apply('tanh', { x })];
        }, { target: { fusion } })));
      }
      return reports.map((report) => ({ passed: report.passed, proven: report.proven, text: String(report) }));
    }, { op, inputs, shape, options });
    for (const { passed, proven, text } of found) {
      expect(passed, text).toBe(true);
      expect(proven).toBeGreaterThan(0);
    }
  });
}

test('whatever a launch leaves unwritten is seen, in every kernel, working memory included', async ({ run }) => {
  test.setTimeout(300_000);
  const planted = await run(async ({ gradcheck, load }) => {
    const { opRun, runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
    const { planGraph } = await load<typeof import('../../src/program/run-graph.ts')>('/src/program/run-graph.ts');
    const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    const seen = new Set<string>();
    const results: { what: string; passed: boolean; working: boolean; parts: boolean; said: readonly string[]; blamed?: string; kernel: string }[] = [];
    for (const [op, { samples }] of Object.entries(gradcheck.proofs)) {
      const sample = samples[1]!;
      const { launches } = planGraph(opRun(op, sample.options, sample.inputs, new Float32Array(0)), device.traits);
      for (const [target, { kernel: { name: kernel, code, bindings } }] of launches.entries()) {
        const spoilt = code.replace(/if \(lane >= (\d+)u\) \{/, (_, count) => `if (lane >= ${count}u / 2u) {`);
        // A kernel that several ops run is spoilt in the first of them.
        if (spoilt === code || seen.has(kernel)) continue;
        seen.add(kernel);
        let what = '';
        let working = false;
        const alter: import('../../src/program/plan.ts').Alter = (plan) => ({
          ...plan,
          launches: plan.launches.map((launch, at) => {
            if (at !== target) return launch;
            what = `${op}: ${launch.label}, ${kernel}`;
            working = launch.kernel.bindings.some(({ access }, binding) => access === 'write' && !plan.meanings.has(launch.tensors[binding]!.id));
            return { ...launch, kernel: { ...launch.kernel, code: spoilt } };
          }),
        });
        const [{ passed, report }] = await gradcheck.checkSample((...call) => runOp(device, ...call, { alter }), op, sample, { cotangents: ['random'] });
        results.push({ what, kernel, passed, working, parts: bindings.some(({ access }) => access === 'part'), said: report.explanations.map(({ symptom }) => symptom), blamed: report.blame?.launch?.kernel });
      }
    }
    return results;
  });
  expect(planted.filter(({ passed }) => passed)).toEqual([]);
  expect(planted.length).toBeGreaterThan(90);
  // Sums over rows go through working memory, which no tensor of the graph stands for.
  expect(planted.filter(({ working }) => working).length).toBeGreaterThanOrEqual(3);
  // What several launches write in parts is seen when it is whole: the last of them may be blamed. An op with a chain of working memory may name the next link.
  const whole = planted.filter(({ parts }) => !parts);
  expect(whole.filter(({ kernel, blamed }) => blamed !== kernel).length).toBeLessThanOrEqual(1);
  // Working memory is not looked at itself: what reads it shows NaN that comes from memory which nothing has written.
  expect(whole.filter(({ said, working }) => !said.includes('unwritten') && !(working && said.includes('garbage'))).length).toBeLessThanOrEqual(1);
});
