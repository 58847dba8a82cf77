import * as adaptive from '../../../shaders/adaptive.wgsl.ts';
import * as adams from '../../../shaders/adam.wgsl.ts';
import { lion } from '../../../shaders/lion.wgsl.ts';
import { muonApply, muonMomentum, muonNormalize } from '../../../shaders/muon.wgsl.ts';
import type { Clip } from '../../../shaders/optimizer.wgsl.ts';
import { sgd } from '../../../shaders/sgd.wgsl.ts';
import { squaredNorm } from '../../../shaders/squared-norm.wgsl.ts';
import type { Kernel } from '../../../shaders/kernel.ts';
import { stepWords, wave, type StepKernelCase } from './case.ts';

const COUNT = 8;
/** Sizes for moments that are never negative. */
const sizes = (scale: number, shift: number): Float32Array => wave(COUNT, scale, shift).map(Math.abs);

/** One element's new values from its old ones: `g` is the gradient after clipping and an L2 penalty, `w` the weight after decoupled decay. */
type Rule = (old: Readonly<Record<string, number>> & { readonly g: number; readonly w: number }) => Readonly<Record<string, number>> & { readonly parameters: number };

interface ArenaCase {
  readonly name: string;
  readonly kernel: Kernel;
  readonly scalars: readonly number[];
  readonly moments: Readonly<Record<string, Float32Array>>;
  /** What the penalty adds to the gradient for a weight of 1, and what decoupled decay takes from it. */
  readonly penalty?: number;
  readonly shrinks?: number;
  readonly clip?: (gradient: number) => number;
  readonly more?: Readonly<Record<string, Float32Array>>;
  readonly rule: Rule;
  readonly mutants: StepKernelCase['mutants'];
}

function arenaCase({ name, kernel, scalars, moments, penalty = 0, shrinks = 0, clip = (g) => g, more = {}, rule, mutants }: ArenaCase): StepKernelCase {
  const [gradients, parameters] = [wave(COUNT), wave(COUNT, 2, 1)];
  const results = Array.from({ length: COUNT }, (_, i) => rule({
    ...Object.fromEntries(Object.entries(moments).map(([moment, values]) => [moment, values[i]!])),
    g: clip(gradients[i]!) + penalty * parameters[i]!, w: parameters[i]! * (1 - shrinks),
  }));
  return {
    name, kernel, mutants,
    inputs: { step: stepWords(4, 0, scalars), gradients, parameters, ...moments, ...more },
    expected: Object.fromEntries(Object.keys(results[0]!).map((binding) => [binding, results.map((result) => result[binding]!)])),
  };
}

const L2 = ['+ 0.1f * weight', ''] as const;
const decoupled = (scalar: string) => [`- step.scalars.${scalar} * 0.1f * stored`, ''] as const;

function sgdCase(nesterov: boolean): StepKernelCase {
  const [lr, weight, momentum] = [0.1, 0.6, 0.9];
  return arenaCase({
    name: nesterov ? 'sgd, Nesterov' : 'sgd, momentum', kernel: sgd({ count: COUNT, momentum, nesterov, weightDecay: 0.1 }), scalars: [lr, weight], penalty: 0.1,
    moments: { momentumBuffer: wave(COUNT, 0.5, 2) },
    rule: ({ g, w, momentumBuffer: old }) => {
      const momentumBuffer = momentum * old! + weight * g;
      return { momentumBuffer, parameters: w - lr * (nesterov ? g + momentum * momentumBuffer : momentumBuffer) };
    },
    mutants: [['weight - step.scalars.x', 'weight + step.scalars.x'], ['step.scalars.y * gradient', 'gradient'], L2,
      ['momentumBuffer[lane] = buffer;', ''], ...(nesterov ? [['gradient + 0.9f * buffer', 'buffer'] as const] : [])],
  });
}

function clipCase(clip: Clip, name: string, squares: number, mutants: StepKernelCase['mutants']): StepKernelCase {
  const factor = 'norm' in clip ? Math.min(1, clip.norm / (Math.sqrt(squares) + 1e-6)) : 1;
  return arenaCase({
    name, kernel: sgd({ count: COUNT, momentum: 0, nesterov: false, weightDecay: 0.1, clip }), scalars: [0.5, 1], penalty: 0.1, moments: {},
    clip: (g) => ('norm' in clip ? factor * g : Math.max(-clip.value, Math.min(clip.value, g))),
    ...('norm' in clip ? { more: { squaredNorm: Float32Array.of(squares) } } : {}),
    rule: ({ g, w }) => ({ parameters: w - 0.5 * g }), mutants,
  });
}

const MEANS = { beta1: 0.9, beta2: 0.99, eps: 0.02 };
const T = 4;
const corrections = { first: 1 - MEANS.beta1 ** T, second: 1 - MEANS.beta2 ** T };
const LR = 0.05;

/** Adam's running means of one element. */
function means({ g, expAvg, expAvgSq }: Readonly<Record<string, number>>): { expAvg: number; expAvgSq: number } {
  return { expAvg: MEANS.beta1 * expAvg! + (1 - MEANS.beta1) * g!, expAvgSq: MEANS.beta2 * expAvgSq! + (1 - MEANS.beta2) * g! * g! };
}

const startMeans = (): Record<string, Float32Array> => ({ expAvg: wave(COUNT, 0.5, 2), expAvgSq: sizes(0.3, 3) });
const MEANS_MUTANTS: StepKernelCase['mutants'] = [['(gradient * gradient)', 'gradient'], ['expAvg[lane] = first;', ''], ['expAvgSq[lane] = second;', ''], ['0.02f', '0.0f']];

function adamCase(isW: boolean, amsgrad: boolean): StepKernelCase {
  return arenaCase({
    name: `${isW ? 'adamW' : 'adam'}${amsgrad ? ', amsgrad' : ''}`,
    kernel: adams.adam({ count: COUNT, ...MEANS, weightDecay: 0.1, decoupled: isW, amsgrad }),
    scalars: [LR / corrections.first, 1 / Math.sqrt(corrections.second), LR], ...(isW ? { shrinks: LR * 0.1 } : { penalty: 0.1 }),
    moments: { ...startMeans(), ...(amsgrad ? { maxExpAvgSq: sizes(0.25, 4) } : {}) },
    rule: (old) => {
      const { expAvg, expAvgSq } = means(old);
      const largest = amsgrad ? Math.max(old.maxExpAvgSq!, expAvgSq) : expAvgSq;
      return {
        expAvg, expAvgSq, ...(amsgrad ? { maxExpAvgSq: largest } : {}),
        parameters: old.w - LR / corrections.first * expAvg / (Math.sqrt(largest / corrections.second) + MEANS.eps),
      };
    },
    mutants: [...MEANS_MUTANTS, ['weight - step.scalars.x', 'weight + step.scalars.x'], ['* step.scalars.y', ''], isW ? decoupled('z') : L2,
      ...(amsgrad ? [['max(maxExpAvgSq[lane], second)', 'second'], ['maxExpAvgSq[lane] = largest;', ''], ['max(largest', 'max(second']] as const : [])],
  });
}

function adamaxCase(): StepKernelCase {
  return arenaCase({
    name: 'adamax', kernel: adams.adamax({ count: COUNT, ...MEANS, weightDecay: 0.1 }), scalars: [LR / corrections.first], penalty: 0.1,
    moments: { expAvg: wave(COUNT, 0.5, 2), expInf: sizes(0.8, 3) },
    rule: ({ g, w, expAvg: old, expInf: oldInf }) => {
      const expAvg = MEANS.beta1 * old! + (1 - MEANS.beta1) * g;
      const expInf = Math.max(MEANS.beta2 * oldInf!, Math.abs(g) + MEANS.eps);
      return { expAvg, expInf, parameters: w - LR / corrections.first * expAvg / expInf };
    },
    mutants: [L2, ['abs(gradient)', 'gradient'], ['0.99f * expInf', 'expInf'], ['+ 0.02f', ''], ['max(', 'min('], ['expAvg[lane] = first;', ''], ['expInf[lane] = largest;', ''], ['step.scalars.x *', '']],
  });
}

function nadamCase(isDecoupled: boolean): StepKernelCase {
  const [x, y] = [0.03, 0.07];
  return arenaCase({
    name: isDecoupled ? 'nadam, decoupled' : 'nadam', kernel: adams.nadam({ count: COUNT, ...MEANS, weightDecay: 0.1, decoupled: isDecoupled }),
    scalars: [x, y, 1 / Math.sqrt(corrections.second), LR], ...(isDecoupled ? { shrinks: LR * 0.1 } : { penalty: 0.1 }), moments: startMeans(),
    rule: (old) => {
      const next = means(old);
      return { ...next, parameters: old.w - (x * old.g + y * next.expAvg) / (Math.sqrt(next.expAvgSq / corrections.second) + MEANS.eps) };
    },
    mutants: [...MEANS_MUTANTS, ['step.scalars.x * gradient', 'step.scalars.x * first'], ['step.scalars.y * first', 'step.scalars.y * gradient'], ['* step.scalars.z', ''], isDecoupled ? decoupled('w') : L2],
  });
}

function radamCase(adaptive: boolean): StepKernelCase {
  const isDecoupled = !adaptive;
  return arenaCase({
    name: adaptive ? 'radam' : 'radam, first steps, decoupled', kernel: adams.radam({ count: COUNT, ...MEANS, weightDecay: 0.1, decoupled: isDecoupled }),
    scalars: [0.03, adaptive ? 1 : 0, LR], ...(isDecoupled ? { shrinks: LR * 0.1 } : { penalty: 0.1 }), moments: startMeans(),
    rule: (old) => {
      const next = means(old);
      return { ...next, parameters: old.w - 0.03 * next.expAvg / (adaptive ? Math.sqrt(next.expAvgSq) + MEANS.eps : 1) };
    },
    mutants: [...(adaptive ? MEANS_MUTANTS : MEANS_MUTANTS.slice(0, 3)), ['step.scalars.y > 0.0', adaptive ? 'false' : 'true'], ['step.scalars.x *', ''], isDecoupled ? decoupled('z') : L2],
  });
}

function adagradCase(): StepKernelCase {
  return arenaCase({
    name: 'adagrad', kernel: adaptive.adagrad({ count: COUNT, eps: 1e-4, weightDecay: 0.1 }), scalars: [0.2, 0.3], penalty: 0.1, moments: { sum: sizes(0.3, 3) },
    rule: ({ g, w, sum: old }) => {
      const sum = old! + 0.3 + g * g;
      return { sum, parameters: w - 0.2 * g / (Math.sqrt(sum) + 1e-4) };
    },
    mutants: [L2, ['+ step.scalars.y', ''], ['gradient * gradient', 'gradient'], ['sum[lane] = total;', ''], ['+ 0.0001f', ''], ['sqrt(', '(']],
  });
}

function adadeltaCase(): StepKernelCase {
  const [rho, eps] = [0.8, 0.01];
  return arenaCase({
    name: 'adadelta', kernel: adaptive.adadelta({ count: COUNT, rho, eps, weightDecay: 0.1 }), scalars: [0.7], penalty: 0.1,
    moments: { squareAvg: sizes(0.3, 3), accDelta: sizes(0.2, 4) },
    rule: ({ g, w, squareAvg: oldSquare, accDelta: oldDelta }) => {
      const squareAvg = rho * oldSquare! + (1 - rho) * g * g;
      const delta = Math.sqrt(oldDelta! + eps) / Math.sqrt(squareAvg + eps) * g;
      return { squareAvg, accDelta: rho * oldDelta! + (1 - rho) * delta * delta, parameters: w - 0.7 * delta };
    },
    mutants: [L2, ['(gradient * gradient)', 'gradient'], ['(delta * delta)', 'delta'], ['max(steps, vec4f(0.0)) + 0.01f', 'max(steps, vec4f(0.0))'], ['max(square, vec4f(0.0)) + 0.01f', 'max(square, vec4f(0.0))'],
      ['squareAvg[lane] = square;', ''], ['step.scalars.x * delta', 'delta'], ['0.8f * steps', 'steps']],
  });
}

function rmspropCase(centered: boolean, momentum: number): StepKernelCase {
  const [alpha, eps] = [0.8, 1e-3];
  return arenaCase({
    name: `rmsprop${centered ? ', centered' : ''}${momentum ? ', momentum' : ''}`, kernel: adaptive.rmsprop({ count: COUNT, alpha, eps, momentum, centered, weightDecay: 0.1 }),
    scalars: [0.2], penalty: 0.1,
    moments: { squareAvg: sizes(0.3, 3).map((value) => value + 0.2), ...(centered ? { gradAvg: wave(COUNT, 0.2, 4) } : {}), ...(momentum ? { momentumBuffer: wave(COUNT, 0.5, 5) } : {}) },
    rule: ({ g, w, squareAvg: oldSquare, gradAvg: oldAverage, momentumBuffer: oldBuffer }) => {
      const squareAvg = alpha * oldSquare! + (1 - alpha) * g * g;
      const gradAvg = centered ? alpha * oldAverage! + (1 - alpha) * g : 0;
      const scaled = g / (Math.sqrt(squareAvg - gradAvg * gradAvg) + eps);
      const direction = momentum ? momentum * oldBuffer! + scaled : scaled;
      return { squareAvg, ...(centered ? { gradAvg } : {}), ...(momentum ? { momentumBuffer: direction } : {}), parameters: w - 0.2 * direction };
    },
    mutants: [L2, ['(gradient * gradient)', 'gradient'], ['squareAvg[lane] = square;', ''], ['+ 0.001f', ''], ['0.8f * squareAvg', 'squareAvg'],
      ...(centered ? [['- average * average', ''], ['gradAvg[lane] = average;', '']] as const : []),
      ...(momentum ? [['0.9f * momentumBuffer[lane] +', ''], ['momentumBuffer[lane] = direction;', '']] as const : [])],
  });
}

function lionCase(): StepKernelCase {
  return arenaCase({
    name: 'lion', kernel: lion({ count: COUNT, beta1: 0.9, beta2: 0.8, weightDecay: 0.1 }), scalars: [LR], shrinks: LR * 0.1, moments: { expAvg: wave(COUNT, 0.08, 2) },
    rule: ({ g, w, expAvg }) => ({ expAvg: 0.8 * expAvg! + (1 - 0.8) * g, parameters: w - LR * Math.sign(0.9 * expAvg! + (1 - 0.9) * g) }),
    mutants: [decoupled('x'), ['sign(mixed)', 'mixed'], ['sign(mixed)', 'sign(gradient)'], ['sign(mixed)', 'sign(average)'], ['expAvg[lane] = 0.8f * average', 'expAvg[lane] = average']],
  });
}

function muonMomentumCase(nesterov: boolean): StepKernelCase {
  const momentum = 0.75;
  const clip: Clip = { value: 0.5 };
  const [gradients, momentumBuffer] = [wave(COUNT), wave(COUNT, 0.5, 2)];
  const cut = [...gradients].map((g) => Math.max(-0.5, Math.min(0.5, g)));
  const buffer = cut.map((g, i) => momentum * momentumBuffer[i]! + (1 - momentum) * g);
  return {
    name: `muon-momentum${nesterov ? ', Nesterov' : ''}`, kernel: muonMomentum({ count: COUNT, momentum, nesterov, clip }), inputs: { gradients, momentumBuffer },
    expected: { momentumBuffer: buffer, direction: nesterov ? buffer.map((value, i) => (1 - momentum) * cut[i]! + momentum * value) : buffer },
    mutants: [['momentumBuffer[lane] = buffer;', ''], ['clipped(gradients[lane])', 'gradients[lane]'], ['+ 0.25f * gradient;', ';'],
      ...(nesterov ? [['+ 0.75f * buffer', '+ buffer'] as const] : [])],
  };
}

function muonNormalizeCase(squares: number): StepKernelCase {
  const direction = wave(COUNT);
  return {
    name: `muon-normalize of ${squares}`, kernel: muonNormalize({ count: COUNT, eps: 0.5 }), inputs: { direction, squaredNorm: Float32Array.of(squares) },
    expected: { out: [...direction].map((value) => value / Math.max(Math.sqrt(squares), 0.5)) },
    mutants: [['max(', 'min('], ['direction[lane] /', 'direction[lane] *'], ['sqrt(squaredNorm[0])', squares > 1 ? 'squaredNorm[0]' : '(squaredNorm[0] + 1.0)']],
  };
}

function muonApplyCase(): StepKernelCase {
  const [size, ratio] = [6, 1.5];
  const [direction, parameters] = [wave(size), wave(COUNT, 2, 1)];
  return {
    name: 'muon-apply', kernel: muonApply({ count: COUNT, size, weightDecay: 0.1, ratio }), inputs: { step: stepWords(4, 0, [LR]), direction, parameters },
    expected: { parameters: [...parameters].map((w, i) => (i < size ? w * (1 - LR * 0.1) - LR * ratio * direction[i]! : w)) },
    mutants: [decoupled('x'), ['* 1.5f', ''], ['weight - step.scalars.x * 1.5f', 'weight + step.scalars.x * 1.5f'], ['lane >= 6u', 'lane >= 5u']],
  };
}

function squaredNormCase(): StepKernelCase {
  const [count, partials] = [28, 3];
  const x = wave(count);
  return {
    name: 'squared-norm', kernel: squaredNorm({ count, partials }), inputs: { x },
    expected: { partials: Array.from({ length: partials }, (_, lane) => x.reduce((sum, value, i) => sum + (Math.floor(i / 4) % partials === lane ? value * value : 0), 0)) },
    mutants: [['x[i] * x[i]', 'x[i]'], ['total.x + total.y', 'total.x'], ['i < 7u', 'i < 6u'], ['i += 3u', 'i += 4u'], ['total +=', 'total =']],
  };
}

/** The kernels of all optimisers, and of what they do to gradients first. */
export const optimizerCases: readonly StepKernelCase[] = [
  sgdCase(false), sgdCase(true), adamCase(false, false), adamCase(true, false), adamCase(false, true), adamCase(true, true), adamaxCase(), nadamCase(false), nadamCase(true),
  radamCase(true), radamCase(false), adagradCase(), adadeltaCase(), rmspropCase(false, 0), rmspropCase(true, 0.9), lionCase(),
  clipCase({ norm: 0.8 }, 'clip by norm', 4, [['clipped(gradients[lane])', 'gradients[lane]'], ['sqrt(squaredNorm[0])', 'squaredNorm[0]'], ['0.8f /', '1.0f /'], ['factor >= 1.0', 'true'], ['factor >= 1.0', 'factor < 1.0']]),
  clipCase({ norm: 0.8 }, 'clip by norm, short gradients', 0.25, [['factor >= 1.0', 'false'], ['factor >= 1.0', 'factor < 1.0'], ['select(factor, 1.0', 'select(factor, 0.5']]),
  clipCase({ value: 0.5 }, 'clip by value', 0, [['clipped(gradients[lane])', 'gradients[lane]'], ['vec4f(-0.5f)', 'vec4f(0.0f)'], ['abs(gradient) >', 'gradient >'], ['> vec4f(0.5f)', '< vec4f(0.5f)']]),
  muonMomentumCase(false), muonMomentumCase(true), muonNormalizeCase(4), muonNormalizeCase(0.04), muonApplyCase(), squaredNormCase(),
];
