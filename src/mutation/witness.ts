import { picksOf } from '../check/coverage.ts';
import type { Proofs } from '../check/point.ts';
import { referenceOf, referencesAt } from '../check/references.ts';
import { benchOf, certifyTensor, measure } from '../check/witnesses.ts';
import { ops } from '../ops/index.ts';
import { sizeOf } from '../ops/tensor.ts';
import type { Tensor } from '../ops/tensor.ts';
import type { Snapshot } from '../program/graph.ts';
import { Trace } from '../program/trace.ts';
import { proofs as allProofs } from '../proof/index.ts';
import type { Sample } from '../proof/proof.ts';
import { normal } from '../proof/sample-data.ts';
import { DEFAULT_ROUNDING } from '../reference/rounding.ts';

/** How the two witnesses of one op agree on its samples. Differences are relative to the rms of their tensor. */
export interface OpAgreement {
  readonly op: string;
  readonly samples: number;
  readonly elements: number;
  /** The largest |finite difference − analytic|, where the difference was exact enough to be used. */
  readonly differences: number;
  /** Elements whose finite difference lies within its own error bar of the analytic gradient. */
  readonly withinBar: number;
  /** Elements where the checker took a complex step instead, because the difference was too uncertain. */
  readonly replaced: number;
  /** Elements where a complex step was taken for comparison, and the largest |complex step − analytic|. */
  readonly complexSteps: number;
  readonly complex: number;
  /** Elements where the witnesses disagree by the checker's own rule: none may. */
  readonly suspect: number;
}

/** All ops. Plain data for JSON. */
export interface WitnessAgreement extends Omit<OpAgreement, 'op'> {
  readonly ops: readonly OpAgreement[];
}

/** Below this part of the rms, float64's own rounding is all that a difference consists of. */
const FLOAT64_NOISE = 1e-12;

/** Compares both witnesses at every element of every gradient of every sample of every op. Needs no GPU. */
export function witnessAgreement(): WitnessAgreement {
  const rows = Object.keys(allProofs).map((op) => agreementOf(op));
  return { ...joined(rows, rows.reduce((sum, { samples }) => sum + samples, 0)), ops: rows };
}

/** The same for one op. `proofs` may hold others than the library's. */
export function agreementOf(op: string, proofs: Proofs = allProofs): OpAgreement {
  const { samples } = proofs[op];
  return { op, ...joined(samples.map((sample, index) => agreementAt(op, sample, index, proofs)), samples.length) };
}

type Counts = Omit<OpAgreement, 'op' | 'samples'>;

function joined(rows: readonly Counts[], samples: number): Counts & { readonly samples: number } {
  const sum = (of: (row: Counts) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const largest = (of: (row: Counts) => number): number => rows.reduce((max, row) => Math.max(max, of(row)), 0);
  return {
    samples, elements: sum((row) => row.elements), differences: largest((row) => row.differences), withinBar: sum((row) => row.withinBar),
    replaced: sum((row) => row.replaced), complexSteps: sum((row) => row.complexSteps), complex: largest((row) => row.complex), suspect: sum((row) => row.suspect),
  };
}

function agreementAt(op: string, sample: Sample, seed: number, proofs: Proofs): Counts {
  const snapshot = snapshotOf(op, sample, seed, proofs);
  const references = referencesAt(snapshot, DEFAULT_ROUNDING, proofs);
  const bench = benchOf(snapshot, references, DEFAULT_ROUNDING, proofs, 'every element');
  const counts = { elements: 0, differences: 0, withinBar: 0, replaced: 0, complexSteps: 0, complex: 0, suspect: 0 };
  for (const measured of ended(measure(bench, 0, 1))) {
    const reference = referenceOf({ kind: 'gradient', tensor: measured.id }, references).value;
    const rms = Math.sqrt(reference.reduce((total, value) => total + value * value, 0) / reference.length);
    const plain = { value: measured.differences.value.slice(), bar: measured.differences.bar.slice() };
    // Certifying puts complex steps in the place of differences that are too uncertain.
    const { complexSteps, suspect } = ended(certifyTensor(bench, measured));
    counts.elements += reference.length;
    counts.replaced += complexSteps;
    reference.forEach((expected, i) => {
      const noise = FLOAT64_NOISE * rms;
      if (Math.abs(plain.value[i] - expected) <= plain.bar[i] + noise) counts.withinBar++;
      counts.suspect += suspect[i];
      const replaced = measured.differences.value[i] !== plain.value[i] || measured.differences.bar[i] !== plain.bar[i];
      if (!replaced && rms > 0) counts.differences = Math.max(counts.differences, Math.abs(plain.value[i] - expected) / rms);
    });
    if (!bench.stepper.select(measured.id)) continue;
    for (const i of picksOf(measured.id, reference.length)) {
      counts.complexSteps++;
      if (rms > 0) counts.complex = Math.max(counts.complex, Math.abs(bench.stepper.element(i) - reference[i]) / rms);
    }
  }
  return counts;
}

/** The snapshot of a GPU that computed nothing: the witnesses need the leaves and a random cotangent. */
function snapshotOf(op: string, { inputs, options }: Sample, seed: number, proofs: Proofs): Snapshot {
  const trace = new Trace();
  const values: Record<number, Float32Array | Uint32Array> = {};
  const tensors: Record<string, Tensor> = {};
  for (const [name, { shape, data }] of Object.entries(inputs)) {
    const tensor = trace.tensor(name, shape, 'input', data instanceof Uint32Array ? 'u32' : 'f32');
    values[tensor.id] = data;
    tensors[name] = tensor;
  }
  const out = trace.apply(ops[op], tensors, { ...options });
  const length = sizeOf(out.shape);
  const wanted = proofs[op].differentiable.flatMap((name) => (tensors[name]?.type === 'f32' ? [tensors[name]] : []));
  return {
    graph: trace.graph, values,
    seeds: [{ tensor: out.id, cotangent: Float32Array.from({ length }, (_, i) => normal(seed, i)) }],
    gradients: Object.fromEntries(wanted.map(({ id, shape }) => [id, new Float32Array(sizeOf(shape))])),
    computed: {}, adapter: 'none', launches: [],
  };
}

/** What a generator returns, once it has run to its end. */
function ended<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
