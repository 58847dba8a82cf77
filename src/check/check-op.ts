import { checkOptionNames, DataError, OptionError, show } from '../errors.ts';
import type { Snapshot } from '../program/graph.ts';
import { proofs as allProofs } from '../proof/index.ts';
import type { Convention, Options, Proof, Sample, SampleTensor } from '../proof/proof.ts';
import { normal } from '../proof/sample-data.ts';
import { DEFAULT_ROUNDING } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { exact } from '../reference/tensor.ts';
import { checkSnapshot } from './check-snapshot.ts';
import { OpReport } from './op-report.ts';
import type { ConventionReport, SampleReport } from './op-report.ts';
import type { Proofs } from './point.ts';

export type { ConventionReport, SampleReport } from './op-report.ts';

/** Runs one op forward and backward on the GPU: the objective is ⟨out, cotangent⟩. */
export type OpRunner = (
  op: string, options: Options, inputs: Readonly<Record<string, SampleTensor>>, cotangent: Float32Array,
) => Promise<Snapshot>;

/** What `checkOpWith` may be told. */
export interface OpRunOptions {
  /** Default: all of the op's samples. */
  readonly samples?: readonly Sample[];
  /** Largest errors of the builtins on this adapter. Default: what WGSL promises. */
  readonly builtins?: BuiltinErrors;
  /** Proofs by op name. Default: those of every op of the library. */
  readonly proofs?: Proofs;
  /** Default: ones, then random ones. */
  readonly cotangents?: readonly SampleReport['cotangent'][];
  /** Whether what fails is explained (see `checkSnapshot`). Default true. */
  readonly explain?: boolean;
  readonly onSample?: (report: SampleReport) => void;
}

/**
 * Proves one op: its forward values and all of its gradients on every sample, under a cotangent of ones and a random
 * one, and its conventions. `run` is how it runs; `checkOp` is this on a device. Throws OptionError for an unknown op.
 */
export async function checkOpWith(run: OpRunner, op: string, options: OpRunOptions = {}): Promise<OpReport> {
  checkOptionNames('checkOp', options, ['samples', 'builtins', 'proofs', 'cotangents', 'explain', 'onSample']);
  const proof = proofNamed(op, options.proofs ?? allProofs);
  const samples: SampleReport[] = [];
  for (const sample of options.samples ?? proof.samples) samples.push(...(await checkSample(run, op, sample, options)));
  const conventions: ConventionReport[] = [];
  for (const convention of proof.conventions) conventions.push(await checkConvention(run, op, convention));
  return new OpReport({ op, samples, conventions, mutants: [] });
}

/** One sample under each cotangent. */
export async function checkSample(run: OpRunner, op: string, sample: Sample, options: OpRunOptions = {}): Promise<SampleReport[]> {
  const { builtins, proofs = allProofs, cotangents = ['ones', 'random'], explain = true, onSample } = options;
  const length = outputLength(proofNamed(op, proofs), sample);
  const reports: SampleReport[] = [];
  for (const cotangent of cotangents) {
    const seed = Float32Array.from({ length }, (_, i) => (cotangent === 'ones' ? 1 : normal(length, i)));
    const report = checkSnapshot(await run(op, sample.options, sample.inputs, seed), { builtins, proofs, explain });
    const wroteAll = report.values.length > 0;
    const tells = report.passed || (cotangent === 'ones' && report.verdict === 'below-noise');
    const found: SampleReport = { sample: sample.name, cotangent, passed: wroteAll && tells, report };
    onSample?.(found);
    reports.push(found);
  }
  return reports;
}

function proofNamed(op: string, proofs: Proofs): Proof {
  if (!Object.hasOwn(proofs, op)) throw new OptionError('checkOp', `an op among ${Object.keys(proofs).join(', ')}`, show(op));
  return proofs[op];
}

/** Number of elements of the op's output. */
function outputLength(proof: Proof, { inputs, options }: Sample): number {
  const tensors = Object.fromEntries(Object.entries(inputs).map(([name, { shape, data }]) => [name, exact(shape, data)]));
  return proof.forward(tensors, options, DEFAULT_ROUNDING).value.length;
}

/** One special point. */
export async function checkConvention(run: OpRunner, op: string, convention: Convention): Promise<ConventionReport> {
  const { name, options, inputs, cotangent, gradients } = convention;
  const snapshot = await run(op, options, inputs, cotangent);
  const node = snapshot.graph.nodes.find((candidate) => candidate.op === op);
  if (!node) throw new DataError('checkOp', `a snapshot of ${op}`, 'one without it');
  for (const [input, expected] of Object.entries(gradients)) {
    const got = snapshot.gradients[node.inputs[input]];
    const wrong = expected.findIndex((value, i) => !(Math.abs((got?.[i] ?? NaN) - value) <= 2 ** -22 * Math.abs(value)));
    if (wrong >= 0) {
      return { name, passed: false, got: `d${input}[${wrong}] = ${got?.[wrong]}, expected ${expected[wrong]}` };
    }
  }
  return { name, passed: true };
}
