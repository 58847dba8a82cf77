import { adam } from '../../../shaders/adam.wgsl.ts';
import { adjustLossScale, unscale } from '../../../shaders/loss-scale.wgsl.ts';
import { muonApply, muonMomentum } from '../../../shaders/muon.wgsl.ts';
import { stepWords, wave, type StepKernelCase } from './case.ts';

function unscaleCase(): StepKernelCase {
  const [count, partials, scale] = [28, 3, 8];
  const scaled = wave(count, 5);
  return {
    name: 'unscale', kernel: unscale({ count, partials }), inputs: { lossScale: Float32Array.of(scale, 5, 2, 0), gradients: scaled },
    expected: {
      gradients: Array.from(scaled, (value) => value / scale),
      partials: Array.from({ length: partials }, (_, lane) => scaled.reduce((sum, value, i) => sum + (Math.floor(i / 4) % partials === lane ? (value / scale) ** 2 : 0), 0)),
    },
    mutants: [['1.0 / lossScale[0]', 'lossScale[0]'], ['1.0 / lossScale[0]', '1.0 / lossScale[1]'], ['gradients[i] = gradient;', ''], ['gradient * gradient', 'gradients[i]'], ['i < 7u', 'i < 6u'], ['i += 3u', 'i += 4u'], ['total +=', 'total =']],
  };
}

/** A step whose gradients are good or not, with so many good ones before it. */
function adjustCase(name: string, bad: number | undefined, [scale, goodSteps, skippedSteps]: readonly [number, number, number], lossScale: readonly number[], mutants: StepKernelCase['mutants']): StepKernelCase {
  // More partial sums than lanes, and what is not finite among the last of them.
  const partials = wave(150, 1, 2).map(Math.abs);
  if (bad !== undefined) partials[149] = bad;
  return {
    name: `adjust-loss-scale, ${name}`, kernel: adjustLossScale({ partials: 150, growthFactor: 2, backoffFactor: 0.25, growthInterval: 4 }),
    inputs: { partials, lossScale: Float32Array.of(scale, goodSteps, skippedSteps, bad === undefined ? 0 : 1) },
    expected: { squaredNorm: [partials.reduce((sum, value) => sum + value, 0)], lossScale }, mutants,
  };
}

const first = [64, 1, 2] as const;
const wholeSum = [['i < 150u', 'i < 149u'], ['i += 64u', 'i += 65u'], ['i < 64u', 'i < 63u'], ['sum += partials', 'sum = partials'], ['total += sums', 'total = sums']] as const;

/** Bugs that let a step run that is to be left out. */
const leftOut = [['lossScale[3]', 'lossScale[0]'], ['lossScale[3]', 'lossScale[1]'], ['[3] == 0.0', '[3] == 2.0']] as const;

/** A step that is left out changes nothing, whatever the optimiser. */
function guardedCase(isGood: boolean): StepKernelCase {
  const count = 8;
  const [gradients, parameters, expAvg, expAvgSq] = [wave(count), wave(count, 2, 1), wave(count, 0.5, 2), wave(count, 1, 3).map(Math.abs)];
  const [lr, beta1, beta2] = [0.1, 0.9, 0.999];
  const means = Array.from(expAvg, (mean, i) => beta1 * mean + (1 - beta1) * gradients[i]!);
  const squares = Array.from(expAvgSq, (mean, i) => beta2 * mean + (1 - beta2) * gradients[i]! ** 2);
  return {
    name: `adam, a step that is ${isGood ? 'good' : 'left out'}`, kernel: adam({ count, beta1, beta2, eps: 1e-8, weightDecay: 0, amsgrad: false, decoupled: false, guarded: true }),
    inputs: { step: stepWords(4, 0, [lr, 1]), lossScale: Float32Array.of(64, 1, 0, isGood ? 1 : 0), gradients, parameters, expAvg, expAvgSq },
    expected: isGood
      ? { parameters: means.map((mean, i) => parameters[i]! - lr * mean / (Math.sqrt(squares[i]!) + 1e-8)), expAvg: means, expAvgSq: squares }
      : { parameters: [...parameters], expAvg: [...expAvg], expAvgSq: [...expAvgSq] },
    mutants: isGood ? [['[3] == 0.0', '[3] != 0.0'], ['lossScale[3]', 'lossScale[2]'], ['[3] == 0.0', '[3] < 2.0']] : leftOut,
  };
}

function guardedMuonCases(): StepKernelCase[] {
  const count = 8;
  const [gradients, momentumBuffer, direction, parameters] = [wave(count), wave(count, 0.5, 2), wave(count, 1, 1), wave(count, 2, 1)];
  const lossScale = Float32Array.of(64, 1, 3, 0);
  const mutants = leftOut;
  return [
    {
      name: 'muon-momentum, left out', kernel: muonMomentum({ count, momentum: 0.9, nesterov: false, guarded: true }),
      // The direction of a step that is left out is used by nobody.
      inputs: { gradients, lossScale, momentumBuffer, direction }, expected: { momentumBuffer: [...momentumBuffer] }, mutants,
    },
    {
      name: 'muon-apply, left out', kernel: muonApply({ count, size: count, weightDecay: 0.1, ratio: 2, guarded: true }),
      inputs: { step: stepWords(4, 0, [0.1]), direction, lossScale, parameters }, expected: { parameters: [...parameters] }, mutants,
    },
  ];
}

/** The loss scale's kernels, and what optimisers do where it found that a step is not good. */
export const lossScaleCases: readonly StepKernelCase[] = [
  unscaleCase(),
  adjustCase('a good step', undefined, first, [64, 2, 2, 1], [...wholeSum, ['goodSteps >= 4.0f', 'goodSteps >= 2.0f'], ['lossScale[1] + 1.0', 'lossScale[1]'], ['lossScale[3] = 1.0;', '']]),
  adjustCase('the last good step before it grows', undefined, [64, 3, 2], [128, 0, 2, 1], [['goodSteps >= 4.0f', 'goodSteps > 4.0f'], ['* 2.0f', '* 1.0f'], ['select(goodSteps, 0.0, grows)', 'goodSteps']]),
  adjustCase('an infinite gradient', Infinity, first, [16, 0, 3, 0], [['* 0.25f', '* 0.5f'], ['lossScale[1] = 0.0;', ''], ['lossScale[2] += 1.0;', ''], ['lossScale[3] = 0.0;', ''], ['== 0x7f800000u', '> 0x7f800000u']]),
  adjustCase('a gradient that is no number', NaN, first, [16, 0, 3, 0], [['& 0x7f800000u) == 0x7f800000u', '& 0x7fffffffu) == 0x7f800000u'], ['lossScale[1] = 0.0;', ''], ['lossScale[3] = 0.0;', '']]),
  guardedCase(true), guardedCase(false), ...guardedMuonCases(),
];
