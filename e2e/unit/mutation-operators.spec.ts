import { expect, test } from 'playwright/test';
import { exchangeIsHarmless, isTruncated } from '../../src/mutation/equivalence.ts';
import { mutationsOf, plansOf } from '../../src/mutation/op-mutations.ts';
import { operators } from '../../src/mutation/operators.ts';
import { dependent, groupsOf, readsOf, withGroups } from '../../src/mutation/plans.ts';
import { declaredLength, rewriteStores } from '../../src/mutation/store-text.ts';
import type { ProgramPlan } from '../../src/program/plan.ts';

const DEVICE = { adapterClass: 'cpu', maxBindings: 8, quads: false } as const;
const operator = (name: string) => operators.find((one) => one.name === name)!;
/** Ops that have every kind of launch between them; all plans of all ops would take a minute. */
const OPS = ['add', 'sub', 'mul', 'relu', 'tanh', 'linear', 'mse', 'sumOfSquares'];
const plans: readonly ProgramPlan[] = OPS.flatMap((op) => plansOf(op, DEVICE).filter((_, index) => index % 11 === 0));

test('stores to a binding are rewritten, and nothing else', () => {
  const code = [
    '// out[m] = Σ over k of a[k];', '@group(0) @binding(0) var<storage, read_write> out: array<vec4f, 12>;',
    'out[lane] = total;', 'about[lane] = 1.0;', 'data.out[0] = 2.0;', 'if (out[lane] == 1.0) { out[rows[lane] + 1u] = a + b; }', 'out[lane] *= 3.0;', 'out[lane] += 4.0;',
  ].join('\n');
  const rewritten = rewriteStores(code, 'out', ({ target, index, value }) => `${target} = f(${index}, ${value});`)!;
  expect(rewritten.split('\n')).toEqual([
    ...code.split('\n').slice(0, 2), 'out[lane] = f(lane, total);', 'about[lane] = 1.0;', 'data.out[0] = 2.0;',
    'if (out[lane] == 1.0) { out[rows[lane] + 1u] = f(rows[lane] + 1u, a + b); }', 'out[lane] *= 3.0;', 'out[lane] += 4.0;',
  ]);
  expect(rewriteStores(code, 'other', () => '')).toBeUndefined();
  expect([declaredLength(code, 'out'), declaredLength(code, 'about')]).toEqual([12, undefined]);
});

test('the number of workgroups is what the runtime dispatches', () => {
  const launches = plans.flatMap((plan) => plan.launches);
  const wrong = launches.filter((launch) => {
    const { cooperative, count, workgroupSize } = launch.kernel;
    const groups = groupsOf(launch);
    return groups !== (cooperative ? count : Math.ceil(count / workgroupSize)) || (groups > 1 && groupsOf(withGroups(launch, groups - 1)) !== groups - 1);
  });
  expect(wrong).toEqual([]);
  expect(launches.some((launch) => groupsOf(launch) > 1)).toBe(true);
});

test('every operator has places, changes the plan in each, names the launch that is wrong, and leaves the original alone', () => {
  const before = JSON.stringify(plans.map(({ launches }) => launches));
  const problems: string[] = [];
  for (const { name, sites } of operators) {
    let places = 0;
    for (const plan of plans) {
      for (const [index, launch] of plan.launches.entries()) {
        const found = sites(plan, index);
        places += found.length;
        if (new Set(found.map(({ detail }) => detail)).size !== found.length) problems.push(`${name}: two sites of one name`);
        for (const { plan: altered, culprit } of found) {
          const changed = altered.launches.length !== plan.launches.length || altered.launches.some((one, at) => one !== plan.launches[at]);
          if (!changed) problems.push(`${name}: changes nothing`);
          // WebGPU takes only as many buffers as the kernel declares.
          if (!altered.launches.every(({ kernel, tensors }) => tensors.length === kernel.bindings.length)) problems.push(`${name}: other bindings`);
          if (culprit.label !== launch.label && culprit.label !== plan.launches[index + 1]?.label) problems.push(`${name}: blames ${culprit.label}`);
        }
      }
    }
    if (places === 0) problems.push(`${name}: no place`);
  }
  expect(problems).toEqual([]);
  expect(JSON.stringify(plans.map(({ launches }) => launches))).toBe(before);
});

test('launches are exchanged freely only where neither changes what the other touches', () => {
  let [free, bound] = [0, 0];
  const wrong: string[] = [];
  for (const plan of plans) {
    for (const [index, launch] of plan.launches.entries()) {
      const [site] = operator('exchanged with the next launch').sites(plan, index);
      if (!site) continue;
      const next = plan.launches[index + 1]!;
      if ((site.equivalent === undefined) !== dependent(plan, launch, next)) wrong.push(`${launch.label}, ${next.label}`);
      const reads = readsOf(next).map(({ tensor }) => tensor.id);
      const feeds = launch.kernel.bindings.some(({ access }, at) => access === 'write' && reads.includes(launch.tensors[at]!.id));
      if (feeds && site.equivalent !== undefined) wrong.push(`${launch.label} feeds ${next.label}`);
      if (site.equivalent === undefined) bound += 1;
      else free += 1;
    }
  }
  expect(wrong).toEqual([]);
  expect([free > 0, bound > 0]).toEqual([true, true]);
});

test('an exchange of operands is harmless only for a sum or a product', () => {
  const verdicts = new Map<string, Set<boolean>>();
  for (const { launches } of plans) {
    for (const launch of launches) {
      const [a, b] = readsOf(launch);
      if (!a || !b || a.tensor.id === b.tensor.id) continue;
      const known = verdicts.get(launch.kernel.name) ?? new Set();
      known.add(exchangeIsHarmless(launch, a, b) !== undefined);
      verdicts.set(launch.kernel.name, known);
    }
  }
  const harmless = [...verdicts].filter(([, known]) => known.has(true)).map(([name]) => name);
  expect(harmless).toEqual(expect.arrayContaining(['add', 'mul']));
  for (const name of harmless) expect(name).toMatch(/^(add|mul|scale\+mul|mul\+scale|reduce\/\w+)$/);
  for (const name of ['sub', 'reluBackward', 'tanhBackward', 'mse/row']) expect([...verdicts.get(name)!]).toEqual([false]);
});

test('an exchange is harmless in a product with the gradient and in dot products of rows, and nowhere near', () => {
  const verdicts = (op: string, kernel: RegExp, names: string): Set<boolean> => new Set(plansOf(op, DEVICE).flatMap(({ launches }) => launches.flatMap((launch) => {
    const reads = readsOf(launch);
    return kernel.test(launch.kernel.name) ? reads.flatMap((a, at) => reads.slice(at + 1).filter((b) => `${a.binding}, ${b.binding}` === names).map((b) => exchangeIsHarmless(launch, a, b) !== undefined)) : [];
  })));
  for (const op of ['exp', 'square']) expect([...verdicts(op, new RegExp(`^${op}Backward$`), 'x, operand0')], op).toEqual([true]);
  for (const op of ['expm1', 'sqrt', 'reciprocal', 'sin']) expect([...verdicts(op, new RegExp(`^${op}Backward$`), 'x, operand0')], op).toEqual([false]);
  expect([...verdicts('scaledDotProductAttention', /^attention-row-dots/, 'out, dout')]).toEqual([true]);
  expect([...verdicts('rmsNorm', /^normalize-parameters/, 'dout, x')]).toEqual([true]);
  expect([...verdicts('layerNorm', /^normalize-parameters/, 'dout, x')]).not.toContain(true);
  expect([...verdicts('scaledDotProductAttention', /^attention-query-gradient/, 'out, dout')]).not.toContain(true);
});

test('whole numbers stay what they are where they are read back as such, and only there', () => {
  const plan = plansOf('maxPool2d', DEVICE)[0]!;
  const launch = plan.launches.find(({ kernel }) => kernel.name === 'max-pooling/row')!;
  const code = launch.kernel.code;
  expect(code).toContain('= f32(chosen);');
  expect(isTruncated(plan, launch, 'index', 'f32(chosen)', 100)).toContain('a place below 100');
  expect(isTruncated(plan, launch, 'index', 'f32(chosen)', 1)).toBe(undefined);
  expect(isTruncated(plan, launch, 'index', 'f32(chosen) + 0.0', 100)).toBe(undefined);
  expect(isTruncated(plan, launch, 'out', 'f32(chosen)', 100)).toBe(undefined);
  const sorted = plansOf('gather', DEVICE).find(({ launches }) => launches.some(({ kernel }) => kernel.code.includes('f32(own)')));
  const order = sorted?.launches.find(({ kernel }) => kernel.code.includes('f32(own)'));
  if (!sorted || !order) throw new Error('gather: needs a plan that sorts its indices');
  expect(isTruncated(sorted, order, 'order', 'f32(own)', 1e6)).toContain('a place below');
  const whole = { ...plan, launches: plan.launches.map((one) => ({ ...one, kernel: { ...one.kernel, code: one.kernel.code.replace('u32(index[at])', 'u32(index[at] + 0.5)') } })) };
  expect(isTruncated(whole, launch, 'index', 'f32(chosen)', 100)).toContain('a place');
  const asFloat = { ...plan, launches: plan.launches.map((one) => ({ ...one, kernel: { ...one.kernel, code: one.kernel.code.replace('u32(index[at])', 'round(index[at])') } })) };
  expect(isTruncated(asFloat, launch, 'index', 'f32(chosen)', 100)).toBe(undefined);
});

test('each mutation has a name of its own, and every kernel has some in the core set', () => {
  for (const op of ['relu', 'mul', 'mse']) {
    const mutations = mutationsOf(op, DEVICE);
    const ids = mutations.map(({ id }) => id);
    expect(new Set(ids).size, op).toBe(ids.length);
    // Every kernel of the op has launch mutations in the core set.
    const kernels = new Set(plansOf(op, DEVICE).flatMap(({ launches }) => launches.map(({ kernel }) => kernel.name)));
    for (const kernel of kernels) expect(mutations.filter(({ class: kind, core, name }) => kind === 'launch' && core && name.startsWith(`${kernel}, `)).length, `${op} ${kernel}`).toBeGreaterThanOrEqual(3);
  }
});
