import { expect, test } from 'playwright/test';
import { checkClip } from '../../../src/nn/extras.ts';
import { Grouping } from '../../../src/nn/optimizers/groups.ts';
import { chosenGroups, type ParameterGroup } from '../../../src/nn/optimizers/parameter-groups.ts';
import * as optimizers from '../../../src/nn/optimizers.ts';
import { checkSchedule } from '../../../src/nn/schedules/schedule.ts';
import * as schedules from '../../../src/nn/schedules.ts';

const { adadelta, adagrad, adam, adamax, adamW, lion, muon, nadam, radam, rmsprop, sgd } = optimizers;
const { chained, constant, cosine, cosineWarmRestarts, exponential, linear, multiStep, oneCycle, perEpoch, polynomial, reduceOnPlateau, sequential, step } = schedules;
const groups = (...list: object[]): Grouping => new Grouping(adam(), chosenGroups(adam(), list as unknown as ParameterGroup[]));
const wrong = (value: unknown): never => value as never;

const OPTIMIZERS: readonly (readonly [make: () => unknown, message: string])[] = [
  [() => sgd({ lr: 0 }), 'sgd: needs lr to be a finite number > 0, got 0.'],
  [() => sgd({ lr: 1e-50 }), 'sgd: needs lr to be a number that float32 holds (0, or between 1.2e-38 and 3.4e38), got 1e-50.'],
  [() => sgd(wrong({ nesterov: 1, momentum: 0.9 })), 'sgd: needs nesterov to be true or false, got 1.'],
  [() => sgd({ nesterov: true }), 'sgd: needs momentum > 0 and dampening 0 with nesterov, got momentum 0 and dampening 0.'],
  [() => adam({ beta1: 1 }), 'adam: needs beta1 to be a finite number ≥ 0 and < 1, got 1.'],
  [() => adam(wrong({ betas: [0.9, 0.99] })), 'adam: needs options among lr, beta1, beta2, eps, weightDecay, amsgrad, got an unknown option "betas".'],
  [() => adam(wrong({ amsgrad: 'yes' })), 'adam: needs amsgrad to be true or false, got "yes".'],
  [() => adamW({ weightDecay: -1 }), 'adamW: needs weightDecay to be a finite number ≥ 0, got -1.'],
  [() => adamax({ eps: 0 }), 'adamax: needs eps to be a finite number ≥ 1e-12, got 0.'],
  [() => nadam({ momentumDecay: -1 }), 'nadam: needs momentumDecay to be a finite number ≥ 0, got -1.'],
  [() => radam({ beta2: NaN }), 'radam: needs beta2 to be a finite number ≥ 0 and < 1, got NaN.'],
  [() => adagrad({ initialAccumulatorValue: -1 }), 'adagrad: needs initialAccumulatorValue to be a finite number ≥ 0, got -1.'],
  [() => adadelta({ rho: 2 }), 'adadelta: needs rho to be a finite number ≥ 0 and < 1, got 2.'],
  [() => rmsprop({ alpha: -0.1 }), 'rmsprop: needs alpha to be a finite number ≥ 0 and < 1, got -0.1.'],
  [() => lion(wrong({ eps: 1e-8 })), 'lion: needs options among lr, beta1, beta2, weightDecay, got an unknown option "eps".'],
  [() => muon({ momentum: 1 }), 'muon: needs momentum to be a finite number ≥ 0 and < 1, got 1.'],
  [() => muon(wrong({ adjustLr: 'none' })), 'muon: needs adjustLr among original, matchRmsAdamW, got "none".'],
  [() => adam(wrong({ lr: null })), 'adam: needs lr to be a finite number > 0, got null.'],
  [() => sgd(wrong({ nesterov: null })), 'sgd: needs nesterov to be true or false, got null.'],
  [() => adam().with({ beta1: null }), 'adam: needs beta1 to be a finite number ≥ 0 and < 1, got null.'],
  [() => muon({ others: muon() }), 'muon: needs others as an optimizer for all shapes, such as adamW(), got "muon".'],
];

const COMPILE: typeof OPTIMIZERS = [
  [() => chosenGroups(adam(), wrong({})), 'compile: needs groups as a list of { parameters, … }, got Object.'],
  [() => groups({ lr: 1 }), 'compile: needs parameters of each group as a list of names, or a function of name and shape, got undefined.'],
  [() => groups({ parameters: [] }), 'compile: needs parameters of each group as a list of names, or a function of name and shape, got [].'],
  [() => groups({ parameters: ['0'], momentum: 0.9 }), 'adam: needs options among lr, beta1, beta2, eps, weightDecay, amsgrad, got an unknown option "momentum".'],
  [() => groups({ parameters: ['0'], lr: -1 }), 'adam: needs lr to be a finite number > 0, got -1.'],
  [() => groups({ parameters: ['0'], weightDecay: null }), 'adam: needs weightDecay to be a finite number ≥ 0, got null.'],
  [() => groups({ parameters: ['0'], optimizer: sgd(), lr: 1 }), 'compile: needs options among parameters, optimizer, got an unknown option "lr".'],
  [() => groups({ parameters: ['0'], optimizer: 'sgd' }), 'compile: needs an optimizer such as adam(), got "sgd".'],
  [() => groups({ parameters: ['0'] }, { parameters: ['0.bias'] }).partOf('0.bias', [2]), 'compile: needs each parameter to be in one group, got 0.bias in groups 0 and 1.'],
  [() => groups({ parameters: ['1'] }).check(['0.weight', '0.bias']), 'compile: needs groups to name parameters or layers that have some (0.weight, 0.bias), got "1".'],
  [() => checkClip({ norm: 1, value: 1 }), 'compile: needs clipGradients as { norm } or { value }, got 2 of them.'],
  [() => checkClip({ norm: 0 }), 'compile: needs clipGradients.norm to be a finite number > 0, got 0.'],
  [() => checkClip({ max: 1 }), 'compile: needs options among norm, value, got an unknown option "max".'],
  [() => checkSchedule('compile', cosine), 'compile: needs a schedule such as schedules.cosine({ totalSteps: 1000 }), got function cosine.'],
];

const SCHEDULES: typeof OPTIMIZERS = [
  [() => step({ stepSize: 0 }), 'schedules.step: needs stepSize to be an integer ≥ 1, got 0.'],
  [() => step(wrong({})), 'schedules.step: needs stepSize to be an integer ≥ 1, got undefined.'],
  [() => multiStep({ milestones: [5, 3] }), 'schedules.multiStep: needs milestones as integers ≥ 1 in ascending order, got [5, 3].'],
  [() => exponential({ gamma: 0 }), 'schedules.exponential: needs gamma to be a finite number > 0, got 0.'],
  [() => cosine({ totalSteps: 10, minLr: -1 }), 'schedules.cosine: needs minLr to be a finite number ≥ 0, got -1.'],
  [() => cosineWarmRestarts({ firstSteps: 10, factor: 1.5 }), 'schedules.cosineWarmRestarts: needs factor to be an integer ≥ 1, got 1.5.'],
  [() => linear({ startFactor: 0 }), 'schedules.linear: needs startFactor to be a finite number > 0 and ≤ 1, got 0.'],
  [() => constant({ factor: 2 }), 'schedules.constant: needs factor to be a finite number ≥ 0 and ≤ 1, got 2.'],
  [() => polynomial(wrong({ degree: 2 })), 'schedules.polynomial: needs options among totalSteps, power, got an unknown option "degree".'],
  [() => oneCycle({ maxLr: 1, totalSteps: 10, pctStart: 2 }), 'schedules.oneCycle: needs pctStart to be a finite number ≥ 0 and ≤ 1, got 2.'],
  [() => oneCycle(wrong({ maxLr: 1, totalSteps: 10, annealing: 'cos' })), 'schedules.oneCycle: needs annealing among cosine, linear, got "cos".'],
  [() => reduceOnPlateau({ factor: 1 }), 'schedules.reduceOnPlateau: needs factor to be a finite number > 0 and < 1, got 1.'],
  [() => reduceOnPlateau(wrong({ mode: 'least' })), 'schedules.reduceOnPlateau: needs mode among min, max, got "least".'],
  [() => chained([]), 'schedules.chained: needs a list of at least 1 schedules, got [].'],
  [() => chained([linear(), perEpoch(exponential({ gamma: 0.9 }))]), 'schedules.chained: needs schedules that all count steps, or all epochs, got linear per step, exponential per epoch.'],
  [() => chained([linear(), chained([perEpoch(exponential({ gamma: 0.9 })), reduceOnPlateau()])]), 'schedules.chained: needs schedules that all count steps, or all epochs, got linear per step, chained per epoch.'],
  [() => sequential([perEpoch(constant()), chained([linear(), reduceOnPlateau()])], [5]), 'schedules.sequential: needs schedules that all count steps, or all epochs, got constant per epoch, chained per step.'],
  // Its milestones count time, whatever it changes between.
  [() => chained([linear(), sequential([reduceOnPlateau(), reduceOnPlateau()], [5])]), 'schedules.chained: needs schedules that all count steps, or all epochs, got linear per step, sequential per epoch.'],
  [() => sequential([linear(), constant()], [5, 9]), 'schedules.sequential: needs one milestone between each two of 2 schedules, got 2.'],
  [() => perEpoch(wrong(undefined)), 'schedules.perEpoch: needs a schedule such as schedules.cosine({ totalSteps: 1000 }), got undefined.'],
];

for (const [kind, list] of Object.entries({ optimizers: OPTIMIZERS, 'groups, clipping and schedules in compile': COMPILE, schedules: SCHEDULES })) {
  test(`${kind}: options that are wrong are told with the rule`, () => {
    for (const [make, message] of list) expect(make, message).toThrow(expect.objectContaining({ message, code: 'option' }) as never);
  });
}

test('a group leaves as it is what it gives as undefined', () => {
  const of = (main: optimizers.Optimizer, group: object) => new Grouping(main, chosenGroups(main, [{ parameters: ['0'], ...group }])).optimizers[main.others ? 2 : 1]!;
  expect(of(adamW({ lr: 0.02, weightDecay: 0.3 }), { lr: undefined, weightDecay: undefined, beta1: 0.5 }).options).toMatchObject({ lr: 0.02, weightDecay: 0.3, beta1: 0.5 });
  expect(of(adam(), { optimizer: sgd({ lr: 3 }), lr: undefined }).lr).toBe(3);
  const main = muon({ lr: 0.02, weightDecay: 0.3, adjustLr: 'matchRmsAdamW', others: sgd({ lr: 0.5, weightDecay: 0.2 }) });
  for (const changed of [of(main, { lr: 0.04, weightDecay: undefined, adjustLr: undefined, others: undefined }), main.with({ lr: 0.04, weightDecay: undefined, adjustLr: undefined, others: undefined })]) {
    expect(changed.options).toMatchObject({ lr: 0.04, weightDecay: 0.3, adjustLr: 'matchRmsAdamW' });
    expect([changed.others!.name, changed.others!.lr, changed.others!.options.weightDecay]).toEqual(['sgd', 1, 0.2]);
  }
});

test('nadam corrects its momentum by the product of μ up to the next step, as PyTorch does since 2.0', () => {
  const [now, next, after] = [1, 2, 3].map((step) => 0.9 * (1 - 0.5 * 0.96 ** (step * 0.004)));
  const close = (got: readonly number[], expected: readonly number[]): void => expected.forEach((value, i) => expect(got[i]).toBeCloseTo(value, 14));
  const [made, before] = [nadam(), nadam({ repeatedMomentum: true })];
  close(made.scalars(1, 1), [1, next! / (1 - now! * next!)]);
  close(made.scalars(2, 1), [(1 - next!) / (1 - now! * next!), after! / (1 - now! * next! * after!)]);
  // Backwards, as after a load.
  close(made.scalars(1, 1), [1, next! / (1 - now! * next!)]);
  close(before.scalars(1, 1), [1, next! / (1 - now! * now! * next!)]);
});

test('every schedule at its ends, and combined', () => {
  const at = (schedule: schedules.Schedule, times: readonly number[], lr = 1): number[] => times.map((time) => Number(schedule.at(time, lr).toFixed(12)));
  expect(at(constant({ factor: 0.25, totalSteps: 3 }), [0, 2, 3, 9])).toEqual([0.25, 0.25, 1, 1]);
  expect(at(linear(), [0, 5, 50])).toEqual([0.333333333333, 1, 1]);
  expect(at(cosine({ totalSteps: 10 }), [0, 5, 10, 20], 2)).toEqual([2, 1, 0, 2]);
  expect(at(cosineWarmRestarts({ firstSteps: 4, factor: 2, minLr: 0.5 }), [0, 2, 4, 8, 12, 20], 1)).toEqual([1, 0.75, 1, 0.75, 1, 0.75]);
  expect(at(cosineWarmRestarts({ firstSteps: 4 }), [0, 2, 4, 402])).toEqual([1, 0.5, 1, 0.5]);
  expect(at(oneCycle({ maxLr: 1, totalSteps: 11, pctStart: 0.5, annealing: 'linear', divFactor: 10, finalDivFactor: 10 }), [0, 10, 99])).toEqual([0.1, 0.01, 0.01]);
  expect(at(oneCycle({ maxLr: 1, totalSteps: 20, pctStart: 0.25, threePhase: true, annealing: 'linear', divFactor: 10, finalDivFactor: 10 }), [0, 4, 8, 19])).toEqual([0.1, 1, 0.1, 0.01]);
  expect(at(oneCycle({ maxLr: 1, totalSteps: 1 }), [0, 1])).toEqual([0.000004, 0.000004]);
  expect(at(chained([linear({ startFactor: 0.5, totalSteps: 2 }), exponential({ gamma: 0.5 })]), [0, 1, 2])).toEqual([0.5, 0.375, 0.25]);
  expect(at(sequential([constant({ factor: 0.1, totalSteps: 99 }), exponential({ gamma: 0.5 })], [2]), [0, 1, 2, 3])).toEqual([0.1, 0.1, 1, 0.5]);
  expect(perEpoch(step({ stepSize: 2 })).per).toBe('epoch');
  // One that follows a metric takes the others' time, however deep it stands.
  expect(chained([chained([reduceOnPlateau()]), linear()]).per).toBe('step');
  expect(chained([linear(), chained([linear(), reduceOnPlateau()])]).per).toBe('step');
  expect(sequential([linear(), chained([reduceOnPlateau(), reduceOnPlateau()])], [5]).per).toBe('step');
  expect(chained([reduceOnPlateau(), chained([reduceOnPlateau()])]).per).toBe('epoch');
});

test('reduceOnPlateau: waits, reduces, cools down and stops at the least rate; also behind a warm-up', () => {
  const follow = (schedule: schedules.Schedule, metrics: readonly number[]): number[] => {
    let state = schedule.start!();
    return metrics.map((metric, epoch) => {
      state = schedule.observe!(state, metric, 1);
      // As a page would store it.
      state = JSON.parse(JSON.stringify(state)) as schedules.ScheduleState;
      return schedule.at(epoch + 1, 1, state);
    });
  };
  expect(follow(reduceOnPlateau({ patience: 1, factor: 0.5 }), [3, 2, 2, 2, 1, 1, 1])).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.25]);
  expect(follow(reduceOnPlateau({ patience: 0, factor: 0.5, cooldown: 2 }), [1, 1, 1, 1, 1])).toEqual([1, 0.5, 0.5, 0.5, 0.25]);
  expect(follow(reduceOnPlateau({ patience: 0, factor: 0.1, minLr: 0.05 }), [1, 1, 1, 1])).toEqual([1, 0.1, 0.05, 0.05]);
  expect(follow(reduceOnPlateau({ patience: 0, factor: 0.5, mode: 'max', threshold: 0.1, thresholdMode: 'abs' }), [0.5, 0.55, 0.7, 0.9])).toEqual([1, 0.5, 0.5, 0.5]);
  expect(follow(chained([perEpoch(linear({ startFactor: 0.5, totalSteps: 2 })), reduceOnPlateau({ patience: 0, factor: 0.5 })]), [1, 1, 1])).toEqual([0.75, 0.5, 0.25]);
});
