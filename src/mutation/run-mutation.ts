import { calibrate } from '../check/calibrate.ts';
import { checkConvention, checkSample } from '../check/check-op.ts';
import type { OpRunner, SampleReport } from '../check/check-op.ts';
import type { Report } from '../check/report.ts';
import { GpuError } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import { runOp } from '../program/run-op.ts';
import { proofs } from '../proof/index.ts';
import type { SampleTensor } from '../proof/proof.ts';
import type { Attempt, OpMutation, Placed } from './op-mutations.ts';
import type { JobResult } from './section.ts';

/** Samples on which an equivalent mutation must go unnoticed. */
const EQUIVALENT_SAMPLES = 2;

/** Thrown by a runner: the mutation has no place in this sample, or none that changes anything. */
class NoPlace extends Error {}

/** Whether numbers may stand for two or three kinds, such as the ±1 of a loss. */
const areLabels = (data: Float32Array): boolean => data.some((value) => value !== 0) && data.every((value) => value === 0 || value === 1 || value === -1);

/** Other numbers of the same shapes, for the run that comes first: rotated, so that labels stay labels. */
function otherNumbers(inputs: Readonly<Record<string, SampleTensor>>): Record<string, SampleTensor> {
  return Object.fromEntries(Object.entries(inputs).map(([name, { shape, data }]) => {
    const rotated = data.map((_, i) => data[(i + 1) % data.length]!);
    return [name, { shape, data: rotated instanceof Float32Array && !areLabels(rotated) ? rotated.map((value, i) => 0.8 * value + 0.1 * Math.cos(i)) : rotated }];
  }));
}

/** The largest error of a report in σ; null where there is none that is a number. */
function largestSigmas({ tensors, values, launches }: Report): number | null {
  const largest = [...tensors, ...values, ...launches.flatMap(({ outputs }) => outputs)].reduce((max, { worstSigma }) => Math.max(max, worstSigma), 0);
  return Number.isFinite(largest) ? largest : null;
}

/** What the report says of the culprit, beside the truth. */
export function diagnosis(report: Report, culprits: Placed['culprits'], symptoms: OpMutation['symptoms']): Partial<JobResult> {
  const { blame, explanations } = report;
  const launch = blame?.launch;
  const found = explanations.map(({ symptom }) => symptom);
  return {
    rightKernel: launch !== undefined && culprits.some(({ kernel, label }) => kernel === launch.kernel && (label === undefined || label === launch.label)),
    ...(launch ? { blamed: `${launch.label}, ${launch.kernel}` } : {}),
    explanations: found, symptoms, sigmas: largestSigmas(report),
    ...(symptoms.length > 0 ? { rightExplanation: found.slice(0, 2).some((symptom) => symptoms.includes(symptom)) } : {}),
  };
}

/** Whether a sample's report says that the GPU is wrong: that the proof itself is in doubt kills nothing. */
function fails({ passed, report }: SampleReport): boolean {
  return !passed && (report.verdict === 'fail' || report.verdict === 'unwritten');
}

/** Plants one mutation and runs the op's samples until one of them shows it. Without `explain` it says which launch was blamed, and no more. */
export async function runMutation(device: Device, mutation: OpMutation, { explain = true }: { readonly explain?: boolean } = {}): Promise<JobResult> {
  const { builtins } = await calibrate(device);
  const started = performance.now();
  const { id, op, name, symptoms, equivalent, attempts, afterOtherNumbers } = mutation;
  const kernels = new Set<string>();
  let placed: Placed | undefined;
  const runner = ({ variants }: Pick<Attempt, 'variants'>): OpRunner => (of, options, inputs, cotangent) => runOp(device, of, options, inputs, cotangent, {
    target: { variants },
    ...(afterOtherNumbers ? { poison: false, before: otherNumbers(inputs) } : {}),
    alter: (plan) => {
      placed = mutation.place(plan);
      if (!placed || (placed.equivalent && !equivalent)) throw new NoPlace();
      for (const { kernel } of placed.culprits) kernels.add(kernel);
      return placed.plan;
    },
  });
  const unlessNoPlace = (error: unknown): undefined => {
    if (!(error instanceof NoPlace)) throw error;
  };
  const result = (found: Pick<JobResult, 'outcome'> & Partial<JobResult>): JobResult =>
    ({ id, group: op, class: mutation.class, name, kernels: [...kernels], ...found, ms: performance.now() - started });

  let shown: SampleReport | undefined;
  const stop = new Error('shown');
  try {
    for (const attempt of equivalent ? spread(attempts) : attempts) {
      await checkSample(runner(attempt), op, attempt.sample, {
        builtins, explain,
        onSample: (report) => {
          if (!fails(report)) return;
          shown = report;
          // One failing cotangent is enough.
          throw stop;
        },
      }).catch((error: unknown) => (error === stop ? undefined : unlessNoPlace(error)));
      if (shown) break;
    }
    if (shown && placed) {
      const by = `${shown.sample}, cotangent ${shown.cotangent}: ${shown.report.verdict}`;
      return result({ outcome: equivalent ? 'wrong-reason' : 'killed', by, ...diagnosis(shown.report, placed.culprits, explain ? symptoms : []) });
    }
    if (equivalent) return result({ outcome: 'equivalent', by: equivalent });
    // A convention is a special point that no gradient check can see.
    for (const convention of proofs[op]!.conventions) {
      const report = await checkConvention(runner({ variants: {} }), op, convention).catch(unlessNoPlace);
      if (report && !report.passed) return result({ outcome: 'killed', by: `convention ${report.name}` });
    }
    return kernels.size > 0 ? result({ outcome: 'survived' }) : result({ outcome: 'invalid', by: 'it stands in no kernel of any sample' });
  } catch (error) {
    // A text that does not compile is no bug that anybody could ship.
    if (error instanceof GpuError && error.message.includes('WGSL that compiles')) return result({ outcome: 'invalid', by: error.message });
    throw error;
  }
}

/** The first sample of a mutation, without it. */
export async function runWithout(device: Device, { op, attempts: [first] }: OpMutation): Promise<void> {
  const { builtins } = await calibrate(device);
  if (first) await checkSample((of, options, inputs, cotangent) => runOp(device, of, options, inputs, cotangent, { target: { variants: first.variants } }), op, first.sample, { builtins });
}

/** The first of a list, which tells most, and some that are spread over the rest. */
function spread<T>(list: readonly T[]): T[] {
  return list.filter((_, index) => index % Math.ceil(list.length / EQUIVALENT_SAMPLES) === 0);
}
