import type { Traits } from '../ops/request.ts';
import type { Launch, ProgramPlan } from '../program/plan.ts';
import { variantChoices } from '../program/variant-choices.ts';
import { planGraph } from '../program/run-graph.ts';
import { opRun } from '../program/run-op.ts';
import { proofs } from '../proof/index.ts';
import type { Mutant, Sample, Symptom } from '../proof/proof.ts';
import { operators, type Operator } from './operators.ts';
import { applies, plantText } from './plant.ts';

type Variants = Readonly<Record<string, string>>;

/** A sample, and kernel variants that are forced on it. */
export interface Attempt {
  readonly sample: Sample;
  readonly variants: Variants;
}

/** A bug to plant in the kernels or launches of one op. */
export interface OpMutation {
  /** The same in every run: `matmul: launch, matmul-nn/small, only the first workgroup`. */
  readonly id: string;
  readonly op: string;
  readonly class: 'text' | 'launch';
  readonly name: string;
  /** Whether it is one of the few of each kind that tell most. Other ops may plant the same: see `targets`. */
  readonly core: boolean;
  /** What it does to which kernels: ops that run the same kernels have the same bugs. */
  readonly targets: readonly string[];
  /** Of launch mutations: what is done to which kernel's launch. */
  readonly site?: { readonly operator: string; readonly kernel: string };
  readonly symptoms: readonly Symptom[];
  /** Why it changes no number: given with the mutant, or by a rule for every place that it has. */
  readonly equivalent?: string;
  /** Where it can be seen, the likeliest first. */
  readonly attempts: readonly Attempt[];
  readonly afterOtherNumbers: boolean;
  /** Plants it: undefined where the plan has no place for it. */
  place(plan: ProgramPlan): Placed | undefined;
}

/** A plan with a bug in it. */
export interface Placed {
  readonly plan: ProgramPlan;
  /** What is wrong in it: a report is right to blame any of these. `label` is absent where all launches of a kernel are wrong. */
  readonly culprits: readonly { readonly kernel: string; readonly label?: string }[];
  readonly equivalent?: string;
}

/** The plan of an op for one of its samples: no GPU is needed. */
function planOf(op: string, sample: Pick<Sample, 'options' | 'inputs'>, variants: Variants, device: Traits): ProgramPlan {
  return planGraph(opRun(op, sample.options, sample.inputs, new Float32Array(0), { target: { variants } }), device);
}

/** No forced variant, and every single one of the families that the op asks for: what small samples would not ask for by themselves. */
function everyVariant(op: string, samples: readonly Sample[], device: Traits): readonly Variants[] {
  return variantChoices(samples.map((sample) => planOf(op, sample, {}, device)), device);
}

export function sizeOfSample({ inputs }: Sample): number {
  return Object.values(inputs).reduce((sum, { data }) => sum + data.length, 0);
}

/** Numbers that a sample needs to show a pattern: of two wrong numbers every explanation is right. */
const TELLING = 30;
/** Up to this a sample costs nothing; from this on it has tiles with edges and lanes that wait for each other. */
const LARGE = 400;

/** Samples that are neither too small to tell something nor large, then the larger ones, then the smallest. Special points come late in a record, and here. */
function ordered(samples: readonly Sample[]): Sample[] {
  const rank = (sample: Sample): number => {
    const size = sizeOfSample(sample);
    return size < TELLING ? 2 * Number.MAX_SAFE_INTEGER - size : size < LARGE ? 0 : size;
  };
  return samples.toSorted((a, b) => rank(a) - rank(b));
}

/** The large ones first. */
function largeFirst(attempts: readonly Attempt[]): Attempt[] {
  const isLarge = ({ sample }: Attempt): boolean => sizeOfSample(sample) >= LARGE;
  return [...attempts.filter(isLarge), ...attempts.filter((attempt) => !isLarge(attempt)).toReversed()];
}

const passes = ({ section }: Launch): boolean => section === 'forward' || section === 'backward';

/** The plans of all samples of an op, with its own choice of variants and with each forced: what its kernels are. */
export function plansOf(op: string, device: Traits): ProgramPlan[] {
  const { samples } = proofs[op]!;
  return everyVariant(op, samples, device).flatMap((variants) => samples.map((sample) => planOf(op, sample, variants, device)));
}

/** Every mutation of an op, in an order that never changes. */
export function mutationsOf(op: string, device: Traits): OpMutation[] {
  const samples = ordered(proofs[op]!.samples);
  const planned = everyVariant(op, samples, device).map((variants) => ({ variants, plans: samples.map((sample) => ({ sample, plan: planOf(op, sample, variants, device) })) }));
  const texts = proofs[op]!.mutants.map((mutant) => textMutation(op, mutant, planned));
  return [...texts, ...launchMutations(op, planned)];
}

interface Planned {
  readonly variants: Variants;
  readonly plans: readonly { readonly sample: Sample; readonly plan: ProgramPlan }[];
}

function standsIn({ section, kernel }: Launch, mutant: Mutant): boolean {
  return (section === 'forward' || section === 'backward') && applies(mutant, { kernel: kernel.name, code: kernel.code });
}

function textMutation(op: string, mutant: Mutant, planned: readonly Planned[]): OpMutation {
  const attempts = planned.flatMap(({ variants, plans }) => {
    const found = plans.filter(({ plan }) => plan.launches.some((launch) => standsIn(launch, mutant))).map(({ sample }) => ({ sample, variants }));
    // What only a forced variant shows, barriers and edges of tiles, shows in large samples; everything else in the smallest.
    return Object.keys(variants).length > 0 ? largeFirst(found) : found;
  });
  const kernels = new Set(planned.flatMap(({ plans }) => plans.flatMap(({ plan }) => plan.launches.filter((launch) => standsIn(launch, mutant)).map(({ kernel }) => kernel.name))));
  return {
    id: `${op}: text, ${mutant.name}`, op, class: 'text', name: mutant.name, core: true,
    targets: [...kernels].map((kernel) => JSON.stringify([kernel, mutant.find, mutant.replace, mutant.reason])),
    symptoms: mutant.symptoms ?? [], ...(mutant.reason ? { equivalent: mutant.reason } : {}), afterOtherNumbers: false, attempts,
    place(plan) {
      const culprits = plan.launches.filter((launch) => standsIn(launch, mutant)).map(({ kernel }) => ({ kernel: kernel.name }));
      return culprits.length > 0 ? { plan: plantText(mutant)(plan), culprits } : undefined;
    },
  };
}

/** Where an operator meets a kernel: in the first launch of that kernel, or with `nth` in a later one. */
function siteOf(plan: ProgramPlan, operator: Operator, kernel: string, nth: number, detail: string): Placed | undefined {
  const indices = plan.launches.flatMap((launch, index) => (passes(launch) && launch.kernel.name === kernel ? [index] : []));
  const index = indices[nth];
  if (index === undefined) return undefined;
  const site = operator.sites(plan, index).find((candidate) => candidate.detail === detail);
  if (!site) return undefined;
  const { plan: altered, culprit, equivalent } = site;
  return { plan: altered, culprits: [{ kernel: culprit.kernel.name, label: culprit.label }], ...(equivalent ? { equivalent } : {}) };
}

function launchMutations(op: string, planned: readonly Planned[]): OpMutation[] {
  const mutations: OpMutation[] = [];
  const known = new Set<string>();
  for (const { variants, plans } of planned) {
    // Kernels that a variant brings in; what stands in plans without it has been met already.
    const fresh = new Set<string>();
    const found = new Map<string, { operator: Operator; kernel: string; nth: number; detail: string; samples: Sample[]; reasons: (string | undefined)[] }>();
    for (const { sample, plan } of plans) {
      const seen = new Map<string, number>();
      for (const [index, launch] of plan.launches.entries()) {
        const kernel = launch.kernel.name;
        if (!passes(launch) || known.has(kernel)) continue;
        fresh.add(kernel);
        const nth = seen.get(kernel) ?? 0;
        seen.set(kernel, nth + 1);
        for (const operator of operators) {
          for (const { detail, equivalent } of operator.sites(plan, index)) {
            const key = [kernel, operator.name, ...(detail ? [detail] : []), ...(nth > 0 ? [`launch ${nth + 1}`] : [])].join(', ');
            const entry = found.get(key) ?? { operator, kernel, nth, detail, samples: [], reasons: [] };
            entry.samples.push(sample);
            entry.reasons.push(equivalent);
            found.set(key, entry);
          }
        }
      }
    }
    for (const kernel of fresh) known.add(kernel);
    const details = new Set<string>();
    for (const [key, { operator, kernel, nth, detail, samples, reasons }] of found) {
      // One binding of each kernel is enough for the core set.
      const first = !details.has(`${operator.name} ${kernel}`);
      details.add(`${operator.name} ${kernel}`);
      const equivalent = reasons.every((reason) => reason !== undefined) ? reasons[0] : undefined;
      mutations.push({
        id: `${op}: launch, ${key}`, op, class: 'launch', name: key, core: first && nth === 0 && !operator.extra,
        targets: [`${kernel}, ${operator.name}`], site: { operator: operator.name, kernel },
        symptoms: operator.symptoms, ...(equivalent ? { equivalent } : {}), afterOtherNumbers: operator.afterOtherNumbers ?? false, attempts: samples.map((sample) => ({ sample, variants })),
        place: (plan) => siteOf(plan, operator, kernel, nth, detail),
      });
    }
  }
  return mutations;
}
