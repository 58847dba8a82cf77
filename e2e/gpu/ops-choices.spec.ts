import { ops, variantNames } from '../../src/ops/index.ts';
import { proofs } from '../../src/proof/index.ts';
import { expect, test } from '../harness.ts';
import { kernelsFor } from './sample-kit.ts';

interface Choice {
  readonly fusion?: boolean;
  readonly adapterClass?: 'cpu' | 'gpu';
  readonly variants?: Readonly<Record<string, string>>;
}

/** The op that answers for a family's kernels: the first that lists it. Others only have to ask for them rightly. */
const OWNERS: Readonly<Record<string, string>> = Object.fromEntries(Object.values(ops).toReversed().flatMap(({ name, families = [] }) => families.map((family) => [family.name, name])));

/** Samples of an op that a choice may take: the owner of a family that it forces takes more. */
const [OWN, OTHERS, PLAIN] = [2, 1, 2];
/** Barriers in large tiles take seconds to compile on a software adapter; `kernels-variants` has every form of them. */
const SLOW = new Set(['matmul:tiled', 'matmul:tiled-32x32', 'matmul:tiled-128x64', 'matmul:tiled-128x128']);
/** No software adapter can run these: their own specs hold a stand-in for the hardware against the reference (`kernels-matrices`). */
const ELSEWHERE = new Set(['matmul:subgroup-matrix']);

/**
 * Every way to choose kernels, on the samples whose kernels it changes. All of them are held against one reference by the same
 * tolerance, so that they agree with each other too.
 */
function choicesOf(op: string): { target: Choice; most: number; forced?: string }[] {
  return [
    { target: { fusion: false }, most: OTHERS },
    { target: { adapterClass: 'gpu' }, most: PLAIN },
    ...Object.entries(variantNames).flatMap(([family, names]) => names.filter((name) => !ELSEWHERE.has(`${family}:${name}`)).map((name) => ({
      target: { variants: { [family]: name } }, most: OWNERS[family] !== op ? OTHERS : SLOW.has(`${family}:${name}`) ? 2 : OWN, forced: `${family}:${name}`,
    }))),
  ];
}

/** The first few of a list that fit: the rest is not looked at. */
function first<T>(count: number, list: readonly T[], fits: (one: T) => boolean): T[] {
  const found: T[] = [];
  for (const one of list) if (found.length < count && fits(one)) found.push(one);
  return found;
}

interface Task {
  readonly target: Choice;
  readonly at: readonly number[];
  readonly forced?: string;
}

const known = new Map<string, readonly Task[]>();

/** For each choice the places of the samples that it gives other kernels, the largest first. Plans need no GPU, but seconds for all ops. */
function tasksOf(op: string): readonly Task[] {
  if (!known.has(op)) known.set(op, findTasks(op));
  return known.get(op)!;
}

function findTasks(op: string): Task[] {
  const { samples } = proofs[op]!;
  const cpu = { adapterClass: 'cpu', maxBindings: 10, quads: true, subgroups: true } as const;
  const sizes = samples.map(({ inputs }) => Object.values(inputs).reduce((sum, { data }) => sum + data.length, 0));
  const largest = samples.map((_, at) => at).sort((a, b) => sizes[b]! - sizes[a]!);
  const plain = samples.map((sample) => kernelsFor(op, sample, cpu));
  const asked = new Set(plain.flatMap(({ families }) => families));
  for (const variant of plain.flatMap(({ variants }) => variants)) usual.add(variant);
  return choicesOf(op).filter(({ target }) => Object.keys(target.variants ?? {}).every((family) => asked.has(family))).map(({ target, most, forced }) => ({
    target, ...(forced ? { forced } : {}),
    at: first(most, largest, (at) => kernelsFor(op, samples[at]!, cpu, target).text !== plain[at]!.text),
  })).filter(({ at }) => at.length > 0);
}

const usual = new Set<string>();
for (const op of Object.keys(proofs)) {
  test(`${op}: other kernels for the same samples, where it has some`, async ({ run }) => {
    test.setTimeout(300_000);
    const tasks = tasksOf(op);
    if (tasks.length === 0) {
      expect(ops[op]!.families ?? [], 'families that have several kernels').toEqual([]);
      return;
    }
    const found = await run(async ({ gradcheck, load }, { op, tasks }) => {
      const { runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
      const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
      const device = await sharedDevice();
      const wrong: string[] = [];
      const ran: string[][] = [];
      for (const { target, at } of tasks) {
        const kernels = new Set<string>();
        for (const index of at) {
          const sample = gradcheck.proofs[op]!.samples[index]!;
          const [{ passed, report }] = await gradcheck.checkSample(async (...call) => {
            const snapshot = await runOp(device, ...call, { target });
            for (const { kernel } of snapshot.launches) kernels.add(kernel);
            return snapshot;
          }, op, sample, { cotangents: ['random'] });
          if (!passed) wrong.push(`${sample.name} with ${JSON.stringify(target)}: ${report}`);
        }
        ran.push([...kernels]);
      }
      return { wrong, ran };
    }, { op, tasks });
    expect(found.wrong.join('\n\n')).toBe('');
    expect(found.ran).toHaveLength(tasks.length);
    // What was forced ran.
    for (const [index, { forced }] of tasks.entries()) {
      if (forced) expect(found.ran[index]!.filter((kernel) => kernel.endsWith(`/${forced.split(':')[1]}`)), forced).not.toEqual([]);
    }
  });
}

test('every variant of every family is forced on its owner, but for the ones that a software adapter takes anyway', () => {
  const covered = new Set(Object.keys(proofs).flatMap((op) => tasksOf(op).flatMap(({ forced }) => (forced && OWNERS[forced.split(':')[0]!] === op ? [forced] : []))));
  const all = Object.entries(variantNames).flatMap(([family, names]) => names.map((name) => `${family}:${name}`));
  expect(all.filter((variant) => !covered.has(variant) && !usual.has(variant) && !ELSEWHERE.has(variant))).toEqual([]);
  expect(covered.size).toBeGreaterThan(8);
});
