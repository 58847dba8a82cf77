import type { Kernel } from '../../shaders/kernel.ts';
import type { Launch, ProgramPlan } from '../program/plan.ts';
import type { Symptom } from '../proof/proof.ts';
import { exchangeIsHarmless, isTruncated, keepsPiece } from './equivalence.ts';
import { dependent, differs, groupsOf, mayRead, outputsOf, readsOf, readyBefore, sameSize, withGroups, withLaunch, withTensor, writerOf, writesOf } from './plans.ts';
import { declaredLength, rewriteStores } from './store-text.ts';

/** One way to plant a bug in one launch of a plan. */
export interface Site {
  /** What tells it from the operator's other sites in this launch: binding names. Empty where there is only one. */
  readonly detail: string;
  readonly plan: ProgramPlan;
  /** The launch that computes wrongly then. */
  readonly culprit: Pick<Launch, 'label' | 'kernel'>;
  /** Why it changes no number, where a rule says so. */
  readonly equivalent?: string;
}

/** A kind of bug in how kernels are launched, or in all kernels alike: it knows no op. */
export interface Operator {
  readonly name: string;
  /** The explanations that are right for it. */
  readonly symptoms: readonly Symptom[];
  /** Runs after a correct run on other numbers and without poison, so that what it forgets to write is plausible. */
  readonly afterOtherNumbers?: boolean;
  /** Only with `--all`: it finds nothing that another operator does not find. */
  readonly extra?: boolean;
  /** The ways to plant it in launch `index`; none where it does not apply. */
  sites(plan: ProgramPlan, index: number): readonly Site[];
}

/** The same bindings, and no work. They stand in the text because kernels of one text are one pipeline. */
function idle(kernel: Kernel): Kernel {
  const names = kernel.bindings.map(({ name, access }) => `${access} ${name}`).join(', ');
  return { ...kernel, code: `// Does nothing to ${names}.\n@compute @workgroup_size(${kernel.workgroupSize})\nfn main() {}\n` };
}

/** A site that changes only the launch itself. */
function inPlace(plan: ProgramPlan, index: number, launch: Launch, detail = '', equivalent?: string): Site {
  return { detail, plan: withLaunch(plan, index, launch), culprit: plan.launches[index]!, ...(equivalent ? { equivalent } : {}) };
}

/** Fewer workgroups: `groups` of the launch's own number, where that is fewer and at least one. */
function fewerGroups(name: string, groups: (launch: Launch) => number, extra = false): Operator {
  return {
    name, symptoms: ['unwritten', 'edge', 'zero-block'], extra,
    sites(plan, index) {
      const launch = plan.launches[index]!;
      const fewer = groups(launch);
      return fewer >= 1 && fewer < groupsOf(launch) ? [inPlace(plan, index, withGroups(launch, fewer))] : [];
    },
  };
}

/** Each binding that `bindings` names, with its stores rewritten: all that is written, unless it must be known which elements these are. */
function changedStores(
  name: string, symptoms: readonly Symptom[], rewrite: (store: { target: string; index: string; value: string }, length: number) => string,
  { afterOtherNumbers = false, bindings = outputsOf, wholeBelow }: {
    readonly afterOtherNumbers?: boolean; readonly bindings?: typeof outputsOf;
    /** Whole numbers below it stay the same, once they are whole numbers again. */
    readonly wholeBelow?: number;
  } = {},
): Operator {
  return {
    name, symptoms, afterOtherNumbers,
    sites(plan, index) {
      const launch = plan.launches[index]!;
      const { kernel } = launch;
      const written = bindings(launch);
      return written.flatMap(({ binding }) => {
        const length = declaredLength(kernel.code, binding);
        const values: string[] = [];
        const code = length === undefined ? undefined : rewriteStores(kernel.code, binding, (store) => {
          values.push(store.value);
          return rewrite(store, length);
        });
        if (code === undefined) return [];
        const reasons = wholeBelow === undefined ? [] : values.map((value) => isTruncated(plan, launch, binding, value, wholeBelow));
        const equivalent = reasons.every((reason) => reason !== undefined) ? reasons[0] : undefined;
        return [inPlace(plan, index, { ...launch, kernel: { ...kernel, code } }, written.length > 1 ? binding : '', equivalent)];
      });
    },
  };
}

/** An element in the middle third: no edge, and not the first, which is right by luck more often. */
const chosen = (length: number): number => Math.floor(length / 3);

/** Pairs of a list, each once. */
function pairs<T>(list: readonly T[]): (readonly [T, T])[] {
  return list.flatMap((one, index) => list.slice(index + 1).map((other) => [one, other] as const));
}

/** A launch changes places with the one after it. */
function exchanged(plan: ProgramPlan, index: number): Site[] {
  const [first, second] = [plan.launches[index]!, plan.launches[index + 1]];
  if (!second || second.section !== 'forward' && second.section !== 'backward') return [];
  const launches = plan.launches.map((launch, at) => (at === index ? second : at === index + 1 ? first : launch));
  const equivalent = dependent(plan, first, second) ? undefined : 'the two launches touch no memory in common that either changes';
  return [{ detail: '', plan: { ...plan, launches }, culprit: second, ...(equivalent ? { equivalent } : {}) }];
}

export const operators: readonly Operator[] = [
  fewerGroups('dispatch floor instead of ceil', ({ kernel }) => (kernel.cooperative ? kernel.count - 1 : Math.floor(kernel.count / kernel.workgroupSize))),
  fewerGroups('one workgroup too few', (launch) => groupsOf(launch) - 1, true),
  fewerGroups('only the first workgroup', (launch) => (groupsOf(launch) > 2 ? 1 : 0)),
  {
    name: 'a launch that does nothing', symptoms: ['unwritten'],
    sites: (plan, index) => [inPlace(plan, index, { ...plan.launches[index]!, kernel: idle(plan.launches[index]!.kernel) })],
  },
  {
    name: 'stale: a launch that does nothing, after a run on other numbers', symptoms: ['stale'], afterOtherNumbers: true,
    sites: (plan, index) => [inPlace(plan, index, { ...plan.launches[index]!, kernel: idle(plan.launches[index]!.kernel) })],
  },
  { name: 'exchanged with the next launch', symptoms: ['garbage'], sites: exchanged },
  {
    name: 'too early: exchanged with the next launch, after a run on other numbers', symptoms: ['stale', 'formula', 'garbage'], afterOtherNumbers: true,
    sites: (plan, index) => exchanged(plan, index).filter(({ equivalent }) => !equivalent),
  },
  {
    name: 'launched twice', symptoms: [],
    sites(plan, index) {
      const launch = plan.launches[index]!;
      // A kernel that updates in place would do it twice.
      if (launch.kernel.bindings.some(({ access }) => access === 'update')) return [];
      const launches = plan.launches.flatMap((other, at) => (at === index ? [other, other] : [other]));
      return [{ detail: '', plan: { ...plan, launches }, culprit: launch, equivalent: 'a launch overwrites what it writes and changes nothing that it reads' }];
    },
  },
  {
    name: 'two operands exchanged', symptoms: ['formula', 'transposed', 'factor', 'mask'],
    sites(plan, index) {
      const launch = plan.launches[index]!;
      return pairs(readsOf(launch)).flatMap(([a, b]) => (sameSize(a.tensor, b.tensor)
        ? [inPlace(plan, index, withTensor(launch, [a.index, b.tensor], [b.index, a.tensor]), `${a.binding}, ${b.binding}`, exchangeIsHarmless(launch, a, b))] : []));
    },
  },
  {
    name: 'two outputs exchanged', symptoms: ['formula', 'transposed'],
    sites(plan, index) {
      const launch = plan.launches[index]!;
      return pairs(outputsOf(launch)).flatMap(([a, b]) => (sameSize(a.tensor, b.tensor)
        ? [inPlace(plan, index, withTensor(launch, [a.index, b.tensor], [b.index, a.tensor]), `${a.binding}, ${b.binding}`)] : []));
    },
  },
  {
    name: 'another tensor as operand', symptoms: ['formula', 'transposed', 'factor', 'mask'],
    sites(plan, index) {
      const launch = plan.launches[index]!;
      const ready = readyBefore(plan, index);
      return readsOf(launch).flatMap((read) => {
        const other = ready.find((tensor) => differs(tensor, read.tensor) && sameSize(tensor, read.tensor) && mayRead(plan, launch, read, tensor));
        if (!other) return [];
        const harmless = keepsPiece(launch, read, writerOf(plan, index, read.tensor), other);
        return [inPlace(plan, index, withTensor(launch, [read.index, other]), read.binding, harmless)];
      });
    },
  },
  changedStores('added to what was there', ['garbage'], ({ target, value }) => `${target} += ${value};`),
  changedStores('added to what an earlier run left', ['stale', 'garbage'], ({ target, value }) => `${target} += ${value};`, { afterOtherNumbers: true }),
  changedStores('everything a thousandth too large', ['factor'], ({ target, value }) => `${target} = (${value}) * 1.001;`, { wholeBelow: 1000 }),
  changedStores('one element a hundredth too large', [], ({ target, index, value }, length) => `${target} = (${value}) * select(1.0, 1.01, (${index}) == ${chosen(length)}u);`, { bindings: writesOf, wholeBelow: 100 }),
  changedStores('one element 0', ['zero-block'], ({ target, index, value }, length) => `${target} = (${value}) * select(1.0, 0.0, (${index}) == ${chosen(length)}u);`, { bindings: writesOf }),
];
