import { expect, test } from 'playwright/test';
import { ops } from '../../src/ops/index.ts';
import type { Tensor } from '../../src/ops/tensor.ts';
import { planProgram, type ProgramPlan } from '../../src/program/plan.ts';
import { variantChoices } from '../../src/program/variant-choices.ts';
import { Trace, tracing } from '../../src/program/trace.ts';
import { proofs } from '../../src/proof/index.ts';
import type { Sample } from '../../src/proof/proof.ts';
import { FORMULAS } from '../../shaders/formulas.wgsl.ts';
import type { Kernel } from '../../shaders/kernel.ts';

/** All kernels, whatever device they are for. */
const TRAITS = { adapterClass: 'gpu', maxBindings: 10, quads: true, subgroups: true } as const;

/** A plan of an op for one of its samples. No GPU: it is plain data. */
function planOf(op: string, sample: Sample, variants: Readonly<Record<string, string>>): ProgramPlan {
  const trace = new Trace();
  const tensors: Record<string, Tensor> = {};
  const out = tracing(trace, () => {
    for (const [input, { shape, data }] of Object.entries(sample.inputs)) {
      const differentiable = data instanceof Float32Array && !ops[op]!.constants?.includes(input);
      tensors[input] = trace.tensor(input, shape, differentiable ? 'parameter' : 'input', data instanceof Uint32Array ? 'u32' : 'f32');
    }
    return trace.apply(ops[op]!, tensors, sample.options);
  });
  return planProgram({
    name: op, graph: trace.graph, target: { ...TRAITS, fusion: true, variants },
    seeds: [{ tensor: out.id, cotangent: 'given' }], kept: [out.id],
    wanted: Object.values(tensors).filter(({ role }) => role === 'parameter').map(({ id }) => id),
  });
}

/** The kernels that an op's samples ask for, in every variant. */
function kernelsOf(op: string, samples: readonly Sample[]): Kernel[] {
  return variantChoices(samples.map((sample) => planOf(op, sample, {})), TRAITS)
    .flatMap((variants) => samples.flatMap((sample) => planOf(op, sample, variants).launches.map(({ kernel }) => kernel)));
}

test('every planted bug stands in a kernel of its op, and every kernel has three', () => {
  const kernels = new Map(Object.entries(proofs).map(([op, { samples }]) => [op, kernelsOf(op, samples)]));
  const counts = new Map([...kernels.values()].flat().map(({ name }) => [name, 0]));
  const nowhere: string[] = [];
  for (const [op, { mutants }] of Object.entries(proofs)) {
    for (const { name: mutant, kernel, find } of mutants) {
      const hit = new Set(kernels.get(op)!.filter(({ name, code }) => kernel.test(name) && code.includes(find)).map(({ name }) => name));
      if (hit.size === 0) nowhere.push(`${op}: ${mutant}`);
      for (const name of hit) counts.set(name, counts.get(name)! + 1);
    }
  }
  expect(nowhere).toEqual([]);
  // Formulas that fusion joins are attacked one by one where they stand alone: of a chain one bug is enough.
  expect([...counts].filter(([name, count]) => count < (FORMULAS[name.split('+')[0]!] ? 1 : 3))).toEqual([]);
});

test('planted bugs of every kind: barriers, guards, terms and scales, each said once and with what it looks like', () => {
  const all = Object.entries(proofs).flatMap(([op, { mutants }]) => mutants.map((mutant) => ({ op, ...mutant })));
  expect(all.length).toBeGreaterThanOrEqual(150);
  const keys = all.map(({ op, kernel, find, replace }) => `${op} ${kernel} ${find} ${replace}`);
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  const titles = all.map(({ op, name }) => `${op}: ${name}`);
  expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
  for (const { op, name, find, replace, symptoms } of all) {
    expect(find, `${op}: ${name}`).not.toBe(replace);
    expect(symptoms.length, `${op}: ${name}`).toBeGreaterThan(0);
    expect(new Set(symptoms).size, `${op}: ${name}`).toBe(symptoms.length);
  }
  const barriers = all.filter(({ find, replace }) => find.includes('workgroupBarrier') && !replace.includes('workgroupBarrier'));
  expect(barriers.length).toBeGreaterThanOrEqual(4);
  for (const symptom of ['factor', 'transposed', 'zero-block', 'edge', 'garbage', 'unwritten', 'mask', 'reduction', 'region', 'formula'] as const) {
    expect(all.filter(({ symptoms }) => symptoms.includes(symptom)).length, symptom).toBeGreaterThanOrEqual(2);
  }
});
