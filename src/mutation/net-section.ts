import { analyticGradients, gradientOf } from '../check/analytic.ts';
import { calibrate } from '../check/calibrate.ts';
import { checkSnapshot } from '../check/check-snapshot.ts';
import { evaluate } from '../check/point.ts';
import { ChainruleError, GpuError, OptionError, show } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import { compile } from '../nn/compile.ts';
import { adam } from '../nn/optimizers.ts';
import type { Trainer } from '../nn/trainer.ts';
import type { Snapshot } from '../program/graph.ts';
import type { Alter } from '../program/plan.ts';
import { proofs } from '../proof/index.ts';
import { DEFAULT_ROUNDING } from '../reference/rounding.ts';
import { netMutations, type NetMutation } from './net-mutations.ts';
import { mutationNets, type MutationNet } from './nets.ts';
import { practices, type Expected, type Observed } from './practices.ts';
import { diagnosis } from './run-mutation.ts';
import type { JobResult, Section } from './section.ts';

/** What a net came to: its training, and its gradients at the start. */
interface NetRun extends Observed {
  readonly snapshot: Snapshot;
  readonly accuracy?: number;
}

/** A step of this size changes no weight of a usual size: it leaves gradients behind and nothing else. */
const NO_STEP = 1e-30;

/** The training, then a gradient check at the initial weights: as people make it, and as this project makes it. */
async function runNet(device: Device, { model, loss, data: make, steps, lr }: MutationNet, alter: Alter): Promise<NetRun> {
  const data = make();
  await using trainer = await compile(model(), { device, loss: loss(), optimizer: adam({ lr }), batchSize: data.length, seed: 1, inputShape: data.inputShape, alter });
  const start = await trainer.state();
  const losses = await train(trainer, data, steps);
  const accuracy = losses.every(Number.isFinite) ? (await trainer.evaluate(data)).accuracy : undefined;
  // Last, because it leaves poison behind, which no ordinary training has.
  await trainer.load(start);
  trainer.lr = NO_STEP;
  await (await trainer.step({ inputs: data.inputs, targets: data.targets })).loss;
  // A gradient that is NaN makes a weight NaN, however small the step is.
  await trainer.load(start);
  const snapshot = await trainer.snapshot({ batch: { inputs: data.inputs, targets: data.targets } });
  const { previous } = snapshot;
  if (!previous) throw new ChainruleError('state', 'mutate', 'the gradients of an ordinary step', 'none');
  return { snapshot, losses, gradients: idsOf(snapshot).map((id) => previous[id]!), ...(accuracy === undefined ? {} : { accuracy }) };
}

const idsOf = ({ gradients }: Snapshot): number[] => Object.keys(gradients).map(Number);

/** The losses of all steps; the last one is NaN where the training came to an end by itself. */
async function train(trainer: Trainer, data: Parameters<Trainer['fit']>[0], steps: number): Promise<number[]> {
  const losses: number[] = [];
  try {
    await trainer.fit(data, { epochs: steps, shuffle: false, onStep: ({ loss }) => { losses.push(loss); } });
  } catch (error) {
    if (!(error instanceof ChainruleError) || error.code !== 'diverged') throw error;
    losses.push(NaN);
  }
  return losses;
}

/** What a net does without a bug: computed once for each net and device. */
interface Golden extends Expected {
  readonly run: NetRun;
}

const goldens = new WeakMap<Device, Map<string, Promise<Golden>>>();

function goldenOf(device: Device, net: MutationNet): Promise<Golden> {
  if (!goldens.has(device)) goldens.set(device, new Map());
  const known = goldens.get(device)!;
  if (!known.has(net.name)) known.set(net.name, makeGolden(device, net));
  return known.get(net.name)!;
}

async function makeGolden(device: Device, net: MutationNet): Promise<Golden> {
  const run = await runNet(device, net, (plan) => plan);
  const { snapshot, losses } = run;
  const rounding = { ...DEFAULT_ROUNDING, kinkWidth: 0 };
  const found = analyticGradients(snapshot, evaluate(snapshot, rounding, proofs), rounding, proofs);
  return { run, losses, gradients: idsOf(snapshot).map((id) => gradientOf(found, snapshot, id).value) };
}

/** The job that plants nothing: all practices must be content with it. */
const cleanId = ({ name }: MutationNet): string => `${name}: no bug`;

/** What each practice says, and the training that it says it of. */
function seen(observed: NetRun, golden: Golden): Pick<JobResult, 'practices' | 'net'> {
  const { losses, accuracy } = observed;
  return {
    practices: Object.fromEntries(practices.map(({ name, notices }) => [name, notices(observed, golden)])),
    net: {
      firstLoss: losses[0]!, lastLoss: losses.at(-1)!, ...(accuracy === undefined ? {} : { accuracy }),
      // The forward pass is right where the first loss is that of the good run, bit for bit.
      backward: losses[0] === golden.losses[0],
    },
  };
}

/** Whether two runs agree in every bit: all that launches wrote, the gradients of an ordinary step, and all losses. */
function sameBits(a: NetRun, b: NetRun): boolean {
  const numbers = ({ snapshot, gradients, losses }: NetRun): (Float32Array | Float64Array)[] =>
    [...snapshot.launches.flatMap(({ outputs }) => outputs.map(({ data }) => data)), ...gradients, Float64Array.from(losses)];
  const [ours, theirs] = [numbers(a), numbers(b)];
  return ours.length === theirs.length && ours.every((tensor, at) => tensor.length === theirs[at]!.length && tensor.every((value, i) => Object.is(value, theirs[at]![i])));
}

async function runOne(device: Device, net: MutationNet, mutation: NetMutation): Promise<JobResult> {
  const started = performance.now();
  const { builtins } = await calibrate(device);
  const golden = await goldenOf(device, net);
  const { id, name, kernels, culprits, symptoms, alter } = mutation;
  const result = (found: Pick<JobResult, 'outcome'> & Partial<JobResult>): JobResult =>
    ({ id, group: net.name, class: mutation.class, name, kernels, ...found, ms: performance.now() - started });
  let planted = false;
  try {
    const observed = await runNet(device, net, (plan) => {
      const altered = alter(plan);
      planted ||= altered !== plan;
      return altered;
    });
    if (!planted) return result({ outcome: 'invalid', by: 'it stands in no launch of the net' });
    const report = checkSnapshot(observed.snapshot, { builtins });
    const killed = report.verdict === 'fail' || report.verdict === 'unwritten';
    if (!killed && sameBits(observed, golden.run)) return result({ outcome: 'equivalent', by: 'it changes no bit of this net, neither in the check nor in its training', ...seen(observed, golden) });
    return result({
      outcome: killed ? 'killed' : 'survived', by: report.verdict, ...(killed ? diagnosis(report, culprits, symptoms) : {}), ...seen(observed, golden),
    });
  } catch (error) {
    if (error instanceof GpuError && error.message.includes('WGSL that compiles')) return result({ outcome: 'invalid', by: error.message });
    throw error;
  }
}

async function runClean(device: Device, net: MutationNet): Promise<JobResult> {
  const started = performance.now();
  const { builtins } = await calibrate(device);
  const golden = await goldenOf(device, net);
  const report = checkSnapshot(golden.run.snapshot, { builtins });
  return {
    id: cleanId(net), group: net.name, class: 'clean', name: 'no bug', outcome: report.passed ? 'passed' : 'false-alarm', by: report.verdict,
    ...seen(golden.run, golden), ms: performance.now() - started,
  };
}

/** The net of a job, and its bug, if it has one. */
function byId(device: Device, id: string): { net: MutationNet; mutation?: NetMutation } {
  for (const net of mutationNets) {
    if (id === cleanId(net)) return { net };
    const mutation = id.startsWith(`${net.name}: `) ? netMutations(net, device.traits).find((candidate) => candidate.id === id) : undefined;
    if (mutation) return { net, mutation };
  }
  throw new OptionError('mutate', 'a mutation of a net', show(id));
}

/** Bugs in whole nets, beside what the usual practices make of them. */
export const netSection: Section = {
  name: 'nets',
  list: (traits) => mutationNets.flatMap((net) => [
    { id: cleanId(net), group: net.name, class: 'clean', name: 'no bug', core: true },
    ...netMutations(net, traits).map(({ id, class: kind, name, core }) => ({ id, group: net.name, class: kind, name, core })),
  ]),
  async run(device, id) {
    const { net, mutation } = byId(device, id);
    return mutation ? runOne(device, net, mutation) : runClean(device, net);
  },
  async control(device, id) {
    await goldenOf(device, byId(device, id).net);
  },
};
