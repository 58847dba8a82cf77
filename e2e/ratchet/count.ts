// What one training step costs, in figures that no machine changes: counted on the plan, compared with those that were committed.
import { bringQuads, bringTiles } from '../../shaders/loaded-kernels.ts';
import { quadKernels } from '../../shaders/quad-kernels.ts';
import { tileKernels } from '../../shaders/tile-kernels.ts';
import type { AdapterClass } from '../../src/index.ts';
import { traceLossNet } from '../../src/nn/net.ts';
import { extraLaunches } from '../../src/nn/extra-launches.ts';
import { Grouping } from '../../src/nn/optimizers/groups.ts';
import { chosenGroups } from '../../src/nn/optimizers/parameter-groups.ts';
import { Progress } from '../../src/nn/progress.ts';
import { penalised } from '../../src/nn/regularization.ts';
import { planTraining } from '../../src/nn/step-plans.ts';
import type { ProgramPlan } from '../../src/program/plan.ts';
import { memoryOf } from '../../src/nn/memory-fit.ts';
import type { RatchetNet } from './nets.ts';

/** Figures by name: `dispatches`, `launches.forward`, `bytes.activations`, … Less of each is better. */
export type StepCost = Readonly<Record<string, number>>;
/** By net, then by adapter class. */
export type RatchetFile = Readonly<Record<string, Readonly<Record<AdapterClass, StepCost>>>>;

/** What every device binds in one launch that the tests have met. */
const MAX_BINDINGS = 10;

/** The plan of the program that trains a net, as `compile` makes it. */
export function planStep({ model, options }: RatchetNet, adapterClass: AdapterClass, fusion = true): ProgramPlan {
  const { loss, optimizer, groups, batchSize, inputShape = model.inputShape!, inputType = model.inputType ?? 'f32', frozen = [], clipGradients, accumulate = 1, average, metrics = [], diagnostics = false, variants = {} } = options;
  const grouping = new Grouping(optimizer, groups && chosenGroups(optimizer, groups));
  const net = traceLossNet(model, inputShape, batchSize, loss, { training: true, frozen, partOf: grouping.partOf, penalised: options.regularization && penalised('compile', options.regularization), inputType });
  // As SwiftShader has them.
  bringQuads(quadKernels);
  bringTiles(tileKernels);
  const quads = adapterClass === 'cpu';
  const target = { adapterClass, maxBindings: MAX_BINDINGS, quads, fusion, variants };
  return planTraining('train', net, target, optimizer, metrics.length > 0 ? loss.accuracy : undefined, { diagnostics, accumulate, averageDecay: average?.decay, grouping, clip: clipGradients }, extraLaunches).plan;
}

/** Launches of the costliest step among the first few: with `accumulate` not all steps do the same. */
function dispatchesOf({ launches }: ProgramPlan, { accumulate = 1, average }: RatchetNet['options']): number {
  const progress = new Progress({ accumulate, averageDecay: average?.decay });
  return Math.max(...Array.from({ length: 2 * accumulate + 1 }, () => {
    const { sections } = progress;
    progress.advance();
    return launches.filter(({ section }) => sections.includes(section)).length;
  }));
}

export function costOf(net: RatchetNet, adapterClass: AdapterClass): StepCost {
  const plan = planStep(net, adapterClass);
  const sections = [...new Set(plan.launches.map(({ section }) => section))];
  const { total, ...roles } = memoryOf({ plan, stagingBytes: 0 });
  return {
    dispatches: dispatchesOf(plan, net.options),
    'dispatches.unfused': dispatchesOf(planStep(net, adapterClass, false), net.options),
    ...Object.fromEntries(sections.map((section) => [`launches.${section}`, plan.launches.filter((launch) => launch.section === section).length])),
    kernels: new Set(plan.launches.map(({ kernel }) => kernel.code)).size,
    flops: plan.launches.reduce((sum, { flops }) => sum + flops, 0),
    'bytes.total': total,
    ...Object.fromEntries(Object.entries(roles).filter(([, bytes]) => bytes > 0).map(([role, bytes]) => [`bytes.${role}`, bytes])),
  };
}

const UPDATE = 'UPDATE_RATCHET=1 npm test -- -g ratchet writes what is right now: look at the difference.';

/** What differs from the committed figures: growth is a regression, and a figure that fell must be written down, or the next growth would pass. */
export function differences(who: string, committed: StepCost | undefined, now: StepCost): string[] {
  if (!committed) return [`${who}: has no figures yet. ${UPDATE}`];
  return [...new Set([...Object.keys(committed), ...Object.keys(now)])].flatMap((name) => {
    const [before, after] = [committed[name] ?? 0, now[name] ?? 0];
    if (before === after) return [];
    const what = `${who}: ${name} ${after > before ? 'grew' : 'fell'} from ${before.toLocaleString('en')} to ${after.toLocaleString('en')}.`;
    return [after > before ? `${what} A step may not cost more; where it has to: ${UPDATE}` : `${what} ${UPDATE}`];
  });
}
