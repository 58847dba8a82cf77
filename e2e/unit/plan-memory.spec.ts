import fc from 'fast-check';
import { expect, test } from 'playwright/test';
import type { Request, Target } from '../../src/ops/request.ts';
import type { Tensor } from '../../src/ops/tensor.ts';
import { cutArena, layOut, planSlots } from '../../src/program/memory.ts';
import { planProgram, type ProgramPlan } from '../../src/program/plan.ts';
import { foldGroups } from '../../src/gpu/sequence.ts';
import { buildGraph, recipes, type Recipe } from '../random-graph.ts';

const TARGET: Target = { adapterClass: 'cpu', maxBindings: 10, quads: false, fusion: true, variants: {} };

function planOf(recipe: Recipe, target: Partial<Target>): ProgramPlan {
  const { graph, seeds, wanted } = buildGraph(recipe);
  return planProgram({
    name: 'random', graph, target: { ...TARGET, ...target }, wanted,
    seeds: seeds.map(({ tensor }) => ({ tensor, cotangent: 'given' })), kept: seeds.map(({ tensor }) => tensor),
  });
}

/**
 * Runs a plan on a memory that remembers only whose bytes it holds, and returns the first launch that would read
 * something else. It shares no code with the planner: lifetimes play no part in it.
 */
function problemOf(plan: ProgramPlan, kept: readonly number[]): string | undefined {
  const rootOf = (id: number): number => plan.tensors[id]!.viewOf ?? id;
  const holds = new Map<string, { offset: number; end: number; id: number }[]>();
  const sizes = new Map(plan.buffers.map(({ name, bytes }) => [name, bytes]));
  const at = ({ id }: Tensor) => {
    const place = plan.placements.get(rootOf(id));
    if (!place) throw new Error(`${plan.tensors[id]!.name} has no place`);
    return place;
  };
  const write = (tensor: Tensor): string | undefined => {
    const { buffer, offset, bytes } = at(tensor);
    if (offset + bytes > (sizes.get(buffer) ?? 0)) return `${tensor.name} ends beyond ${buffer}`;
    holds.set(buffer, [...(holds.get(buffer) ?? []).filter((other) => other.end <= offset || other.offset >= offset + bytes), { offset, end: offset + bytes, id: rootOf(tensor.id) }]);
    return undefined;
  };
  const isThere = (tensor: Tensor): boolean => {
    const { buffer, offset } = at(tensor);
    return (holds.get(buffer) ?? []).some((one) => one.offset === offset && one.id === rootOf(tensor.id));
  };
  for (const tensor of plan.tensors) {
    if (plan.placements.has(tensor.id) && ['input', 'target', 'parameter'].includes(tensor.role) && sizes.has(at(tensor).buffer)) write(tensor);
  }
  for (const { label, kernel, tensors } of plan.launches) {
    const reads = new Set<string>();
    for (const [index, { access }] of kernel.bindings.entries()) {
      if (access !== 'read') continue;
      reads.add(at(tensors[index]!).buffer);
      if (!isThere(tensors[index]!)) return `${label} ${kernel.name} reads ${tensors[index]!.name} where it is not`;
    }
    for (const [index, { access }] of kernel.bindings.entries()) {
      if (access !== 'write') continue;
      if (reads.has(at(tensors[index]!).buffer)) return `${label} reads and writes ${at(tensors[index]!).buffer}`;
      const problem = write(tensors[index]!);
      if (problem) return problem;
    }
    // What two bindings of one launch write must be two places, and both must be there afterwards.
    for (const [index, { access }] of kernel.bindings.entries()) {
      if (access === 'write' && !isThere(tensors[index]!)) return `${label} overwrites its own ${tensors[index]!.name}`;
    }
  }
  const lost = [...plan.gradients.values(), ...kept.map((id) => plan.tensors[id]!)].find((tensor) => !isThere(tensor));
  return lost && `${lost.name} is not there at the end`;
}

for (const fusion of [true, false]) {
  for (const maxBindings of [10, 4]) {
    test(`random programs never read what is not there, fusion ${fusion}, ${maxBindings} bindings`, () => {
      let launches = 0;
      fc.assert(fc.property(recipes, (recipe) => {
        const plan = planOf(recipe, { fusion, maxBindings });
        launches += plan.launches.length;
        expect(problemOf(plan, buildGraph(recipe).seeds.map(({ tensor }) => tensor))).toBeUndefined();
        for (const { kernel } of plan.launches) expect(kernel.bindings.length).toBeLessThanOrEqual(maxBindings);
        const firstBackward = plan.launches.findIndex(({ section }) => section === 'backward');
        if (firstBackward >= 0) expect(plan.launches.slice(firstBackward).every(({ section }) => section === 'backward')).toBe(true);
      }), { numRuns: 100, seed: 1 });
      expect(launches).toBeGreaterThan(500);
    });
  }
}

test('the memory that remembers sees a planner that shares a live slot', () => {
  const recipe: Recipe = { rows: 3, columns: 5, seed: 1, end: 0, steps: [0, 10, 0, 10].map((kind) => ({ kind, first: 0, second: 1, size: 3 })) };
  const plan = planOf(recipe, { fusion: false });
  expect(problemOf(plan, [])).toBeUndefined();
  const slots = plan.buffers.filter(({ role }) => role === 'activations');
  expect(slots.length).toBeGreaterThan(2);
  const broken = new Map([...plan.placements].map(([id, place]) => [id, place.buffer === slots[1]!.name ? { ...place, buffer: slots[0]!.name } : place]));
  expect(problemOf({ ...plan, placements: broken }, [])).toMatch(/where it is not|reads and writes|overwrites/);
});

test('values whose lives do not touch share a slot, whole buffers each', () => {
  const value = (id: number, length: number): Tensor => ({ id, name: `v${id}`, shape: [length], type: 'f32', role: 'value' });
  const [a, b, c, d] = [value(0, 100), value(1, 40), value(2, 90), value(3, 10)];
  const step = (read: Tensor | undefined, write: Tensor): Request => ({ family: { name: 'f', variants: [] }, spec: {}, reads: read ? { x: read } : {}, writes: { out: write } });
  const { placements, buffers } = planSlots([step(undefined, a), step(a, b), step(b, c), step(c, d)], new Set([0, 1, 2, 3]), new Set([1]), 'slots');
  const slot = (tensor: Tensor) => placements.get(tensor.id)!.buffer;
  expect(slot(c)).toBe(slot(a));
  // b is kept, so nobody follows it; d takes what c does not use, or a slot of its own.
  expect(new Set([slot(a), slot(b), slot(d)]).size).toBe(3);
  expect(buffers.map(({ bytes }) => bytes)).toEqual([400, 160, 48]);
  for (const { offset } of placements.values()) expect(offset).toBe(0);
});

test('arenas start every tensor at a multiple of 256 bytes', () => {
  const tensors = [1, 63, 64, 65].map((length, id): Tensor => ({ id, name: `t${id}`, shape: [length], type: 'f32', role: 'parameter' }));
  const { placements, bytes } = layOut('parameters', tensors);
  expect([...placements.values()].map(({ offset }) => offset)).toEqual([0, 256, 512, 768]);
  expect(bytes).toBe(768 + 512);
});

test('an arena is cut between tensors into as few pieces as a binding allows, and nothing is lost', () => {
  const starts = [0, 64, 128, 320, 384];
  const whole = { first: 0, size: 448 };
  expect(cutArena(starts, whole, Infinity)).toEqual([whole]);
  expect(cutArena(starts, whole, 448 * 4)).toEqual([whole]);
  // The third tensor is larger than what is allowed: a piece of its own.
  expect(cutArena(starts, whole, 128 * 4)).toEqual([{ first: 0, size: 128 }, { first: 128, size: 192 }, { first: 320, size: 128 }]);
  expect(cutArena(starts, { first: 64, size: 256 }, 200 * 4)).toEqual([{ first: 64, size: 64 }, { first: 128, size: 192 }]);
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 30 }), (sizes, most) => {
    let end = 0;
    const at = sizes.map((size) => (end += size * 64) - size * 64);
    const pieces = cutArena(at, { first: 0, size: end }, most * 256);
    expect(pieces.reduce((from, { first, size }) => (first === from ? from + size : NaN), 0)).toBe(end);
    for (const { first, size } of pieces) expect(size <= most * 64 || (at.includes(first) && !at.some((start) => start > first && start < first + size))).toBe(true);
    // No two neighbours would have gone together.
    for (const [index, { size }] of pieces.slice(1).entries()) expect(pieces[index]!.size + size).toBeGreaterThan(Math.min(most * 64, pieces[index]!.size + (sizes[at.indexOf(pieces[index + 1]!.first)]! * 64) - 1));
  }), { numRuns: 200, seed: 2 });
});

test('workgroups are folded over two dimensions: each index once, at most 65,535 in each', () => {
  expect(foldGroups('x', 1)).toEqual([1, 1]);
  expect(foldGroups('x', 65_535)).toEqual([65_535, 1]);
  expect(foldGroups('x', 65_536)).toEqual([32_768, 2]);
  fc.assert(fc.property(fc.integer({ min: 1, max: 65_535 ** 2 }), (groups) => {
    const [x, y] = foldGroups('x', groups);
    expect(Math.max(x, y)).toBeLessThanOrEqual(65_535);
    // Kernels compute y · columns + x, so that every index below x · y occurs once; the excess is less than one row.
    expect(x * y).toBeGreaterThanOrEqual(groups);
    expect(x * y - groups).toBeLessThan(y);
  }));
  for (const groups of [0, -1, 1.5, NaN, 65_535 ** 2 + 1]) expect(() => foldGroups('mul', groups)).toThrow(/mul: needs between 1 and 4,294,836,225 workgroups/);
  expect(foldGroups('x', 65_535 ** 2)).toEqual([65_535, 65_535]);
});
