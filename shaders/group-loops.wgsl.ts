import { LANES } from './kernel.ts';
import { sumOfParts } from './rows.wgsl.ts';
import type { Together } from './together.wgsl.ts';
import { wgsl } from './wgsl.ts';

/** x seen as [runs, groups, length]: what stands under one group number, in all runs, is one group. */
export interface Grouping {
  readonly runs: number;
  readonly groups: number;
  readonly length: number;
}

/**
 * Text that goes through the group `own`. The body finds an element at `at`; whoever sums says `name += …;` in it and reads
 * the sum under `name` after it.
 */
export interface GroupLoops {
  /** The place of the element in its group, where that is one run. */
  readonly position: string;
  readonly sum: (names: readonly string[], body: string) => string;
  readonly visit: (body: string) => string;
  /** Something that one lane does for the whole group. */
  readonly once: (body: string) => string;
}

/** A running f32 sum loses a digit for every ten terms or so; a sum of partial sums of this many terms does not. */
const PARTIAL = 256;

/** Elements of a group. */
export function groupSize({ runs, length }: Grouping): number {
  return runs * length;
}

/** Lanes of a workgroup that shares a group. */
export function lanesForGroup(grouping: Grouping): number {
  return groupSize(grouping) >= 1024 ? 4 * LANES : LANES;
}

/** Lanes of a workgroup whose lanes work alone: where there are few, small workgroups give every core of a CPU its part. */
export function lanesFor(count: number): number {
  return count <= 2 * LANES ? 8 : LANES;
}

/** The lines of a text two columns further in, but for the first. */
const inwards = (text: string): string => text.replaceAll('\n', '\n  ');

/** `for` over `head` with a body; its first line stands where it is put. */
const loop = (head: string, body: string): string => `for (${head}) {\n    ${inwards(body)}\n  }`;

/**
 * One lane goes through a whole group; `own` is the lane. Sums are made of partial sums. With a width of 4 (`length` divides by it) the body
 * works on four neighbours of a group at once, `Value` is vec4f, and `at` and `position` count Values: a load of four costs one address.
 */
export function serialLoops({ runs, groups, length }: Grouping, width: 1 | 4 = 1): GroupLoops {
  const values = length / width;
  // A single loop where the group is one run, or each of its runs is one Value.
  const isNested = runs > 1 && values > 1;
  const count = values === 1 ? runs : values;
  const at = `let at = ${isNested ? 'start + i' : values === 1 ? wgsl`i * ${groups}u + own` : wgsl`own * ${values}u + i`};\n  `;
  const overRuns = (body: string): string => (isNested
    ? loop(wgsl`var run = 0u; run < ${runs}u; run++`, wgsl`let start = (run * ${groups}u + own) * ${values}u;` + `\n  ${body}`)
    : body);
  const all = (body: string): string => loop(wgsl`var i = 0u; i < ${count}u; i++`, at + body);
  return {
    position: 'i',
    visit: (body) => overRuns(all(body)),
    once: (body) => body,
    sum: (names, body) => {
      const declared = names.map((name) => `var ${name} = 0.0;\n  `).join('');
      if (width === 1 && !isNested && count <= PARTIAL) return declared + all(body);
      const parts = names.map((name) => `var ${name}Part = ${width === 4 ? 'Value(0.0)' : '0.0'};\n  `).join('');
      const added = names.map((name) => `\n  ${name} += ${sumOfParts({ along: width === 4 }, `${name}Part`)};`).join('');
      const partial = names.reduce((text, name) => text.replaceAll(`${name} += `, `${name}Part += `), body);
      if (count <= PARTIAL) return declared + overRuns(parts + all(partial) + added);
      const block = wgsl`let end = min(first + ${PARTIAL}u, ${count}u);` + `\n  ${loop('var i = first; i < end; i++', at + partial)}`;
      return declared + overRuns(loop(wgsl`var first = 0u; first < ${count}u; first += ${PARTIAL}u`, parts + block + added));
    },
  };
}

/**
 * A workgroup goes through a group, each lane through every `lanes`-th element; `own` is the workgroup. Every lane adds up what
 * all lanes found, in one order, or every subgroup does: one barrier for each sum, and all lanes know it. It needs `workgroupSums`.
 */
export function workgroupLoops(grouping: Grouping, how: Together): GroupLoops {
  const { runs, groups, length } = grouping;
  const lanes = lanesForGroup(grouping);
  const at = runs === 1 ? wgsl`own * ${length}u + j` : length === 1 ? wgsl`j * ${groups}u + own` : wgsl`(j / ${length}u * ${groups}u + own) * ${length}u + j % ${length}u`;
  const [first, step] = how === 'subgroup' ? ['rank', 'k += members'] : ['0u', 'k++'];
  const all = (body: string): string => loop(wgsl`var j = lane; j < ${runs * length}u; j += ${lanes}u`, `let at = ${at};\n  ${body}`);
  return {
    position: 'j',
    visit: (body) => wgsl`if (group < ${groups}u) {` + `\n    ${inwards(all(body))}\n  }`,
    once: (body) => wgsl`if (lane == 0u && group < ${groups}u) {` + `\n    ${inwards(body)}\n  }`,
    sum: (names, body) => [
      ...names.map((name) => `var ${name} = 0.0;`),
      all(body),
      ...names.flatMap((name) => [`${name}Lanes[lane] = ${name};`, `${name} = 0.0;`]),
      'workgroupBarrier();',
      loop(wgsl`var k = ${first}; k < ${lanes}u; ${step}`, names.map((name) => `${name} += ${name}Lanes[k];`).join('\n  ')),
      ...(how === 'subgroup' ? names.map((name) => `${name} = subgroupAdd(${name});`) : []),
    ].join('\n  '),
  };
}

/** The workgroup memory of `workgroupLoops`, for the sums that a kernel makes. */
export function workgroupSums(grouping: Grouping, names: readonly string[]): string {
  return names.map((name) => `var<workgroup> ${name}Lanes: array<f32, ${lanesForGroup(grouping)}>;`).join('\n');
}
