import { CHUNK, CHUNK_VALUES } from '../../shaders/statistics.wgsl.ts';
import { sizeOf } from '../ops/tensor.ts';
import type { CompiledStep } from './step-engine.ts';

/** What one step's gradients and updates looked like for one parameter. */
export interface TensorDiagnostics {
  readonly name: string;
  /** √Σ g². */
  readonly gradientNorm: number;
  /** Gradient norm / √elements: comparable between tensors of different sizes. */
  readonly gradientRms: number;
  /** √Σ (update)² / √Σ w²; about 1e-3 is usual. */
  readonly updateRatio: number;
  /** Elements of the gradient and of the parameter that are NaN or infinite. */
  readonly nonFiniteGradients: number;
  readonly nonFiniteParameters: number;
}

/** Units of one layer that were 0 for every example of the batch. */
export interface DeadUnits {
  readonly layer: string;
  readonly dead: number;
  readonly units: number;
}

export type FindingKind = 'vanishing' | 'exploding' | 'dead' | 'diverged';

/** Something a person should know, as a sentence. */
export interface Finding {
  readonly kind: FindingKind;
  readonly message: string;
}

export interface StepDiagnostics {
  readonly step: number;
  readonly tensors: readonly TensorDiagnostics[];
  readonly deadUnits: readonly DeadUnits[];
  readonly findings: readonly Finding[];
}

/** First over last layer's gradient RMS below which gradients count as vanishing; its inverse is exploding. */
const VANISHING = 1e-4;
/** Norm of all gradients together beyond which they count as exploding, whatever the layers' ratio. */
const EXPLODING = 1e4;
/** Share of dead units in one layer that is worth a sentence. */
const DEAD = 0.4;

/** Reads a step's report (its words behind the record) into figures and sentences. */
export function readDiagnostics(step: CompiledStep, number: number, words: Uint32Array, lossIsFinite: boolean): StepDiagnostics {
  const { reports, net, program } = step;
  const values = new Float32Array(words.buffer, words.byteOffset, words.length);
  let at = reports.report.shape[0]!;
  const statistics = values.subarray(at, at += reports.statistics ? sizeOf(reports.statistics.shape) : 0);
  const trainable = net.parameters.filter(({ tensor }) => !tensor.frozen);
  const tensors = trainable.map(({ name, tensor }): TensorDiagnostics => {
    const first = program.plan.placements.get(tensor.id)!.offset / 4 / CHUNK;
    const size = sizeOf(tensor.shape);
    const sums = [0, 0, 0, 0, 0];
    for (let chunk = first; chunk < first + Math.ceil(size / CHUNK); chunk += 1) {
      for (let i = 0; i < sums.length; i += 1) sums[i]! += statistics[chunk * CHUNK_VALUES + i]!;
    }
    const [gradient, weight, update, nonFiniteGradients, nonFiniteParameters] = sums as [number, number, number, number, number];
    return {
      name, gradientNorm: Math.sqrt(gradient), gradientRms: Math.sqrt(gradient / size),
      updateRatio: weight > 0 ? Math.sqrt(update / weight) : 0, nonFiniteGradients, nonFiniteParameters,
    };
  });
  const deadUnits = reports.activities.map(({ label, tensor }): DeadUnits => {
    const counts = values.subarray(at, at += sizeOf(tensor.shape));
    return { layer: label, dead: counts.reduce((dead, count) => dead + (count === 0 ? 1 : 0), 0), units: counts.length };
  });
  return { step: number, tensors, deadUnits, findings: findingsOf(number, tensors, deadUnits, trainable, lossIsFinite) };
}

function findingsOf(step: number, tensors: readonly TensorDiagnostics[], deadUnits: readonly DeadUnits[], parameters: CompiledStep['net']['parameters'], lossIsFinite: boolean): Finding[] {
  const findings: Finding[] = [];
  const broken = tensors.find(({ nonFiniteGradients, nonFiniteParameters }) => nonFiniteGradients + nonFiniteParameters > 0);
  if (broken || !lossIsFinite) {
    const where = broken
      ? `in tensor ${broken.name} (${broken.nonFiniteGradients} gradients and ${broken.nonFiniteParameters} parameters are not finite)`
      : 'in the loss';
    findings.push({ kind: 'diverged', message: `Training diverged at step ${step} ${where}. Lower the learning rate.` });
    return findings;
  }
  // Weights only: a bias has no fan-in, and its gradient says less about what reaches its layer.
  const weights = tensors.filter((_, index) => parameters[index]!.tensor.shape.length >= 2);
  const first = weights[0];
  const last = weights[weights.length - 1];
  const total = Math.sqrt(tensors.reduce((sum, { gradientNorm }) => sum + gradientNorm ** 2, 0));
  if (first && last && first !== last) {
    const ratio = first.gradientRms / last.gradientRms;
    if (last.gradientRms > 0 && ratio < VANISHING) {
      findings.push({ kind: 'vanishing', message: `Gradients are vanishing: ${first.name} gets ${ratio.toExponential(1)} of the gradient of ${last.name}. Use ReLU with Kaiming initialisation, or fewer layers.` });
    }
    if (ratio > 1 / VANISHING || total > EXPLODING) {
      findings.push({ kind: 'exploding', message: `Gradients are exploding: their norm is ${total.toExponential(1)}, and ${first.name} gets ${ratio.toExponential(1)} times the gradient of ${last.name}. Start with smaller weights, or lower the learning rate.` });
    }
  } else if (total > EXPLODING) {
    findings.push({ kind: 'exploding', message: `Gradients are exploding: their norm is ${total.toExponential(1)}. Start with smaller weights, or lower the learning rate.` });
  }
  for (const { layer, dead, units } of deadUnits) {
    if (dead / units > DEAD) {
      findings.push({ kind: 'dead', message: `${dead} of ${units} units of layer ${layer} are dead: they were 0 for every example of the batch. Lower the learning rate, or use leakyRelu().` });
    }
  }
  return findings;
}
