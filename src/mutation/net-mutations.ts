import { traceLossNet } from '../nn/net.ts';
import { adam } from '../nn/optimizers.ts';
import { planTraining } from '../nn/step-plans.ts';
import type { Target, Traits } from '../ops/request.ts';
import type { Alter, ProgramPlan } from '../program/plan.ts';
import { proofs } from '../proof/index.ts';
import type { Symptom } from '../proof/proof.ts';
import type { MutationNet } from './nets.ts';
import type { Placed } from './op-mutations.ts';
import { operators } from './operators.ts';
import { plantable, plantText } from './plant.ts';

/** A bug to plant in every program of a net's trainer, training and evaluation alike. */
export interface NetMutation {
  /** The same in every run. */
  readonly id: string;
  readonly class: 'text' | 'launch';
  readonly name: string;
  readonly core: boolean;
  readonly symptoms: readonly Symptom[];
  readonly kernels: readonly string[];
  readonly culprits: Placed['culprits'];
  readonly alter: Alter;
}

const MAIN = 'train';

/** Every bug for a net: the shipped texts that stand in its kernels, and each operator on its launches. */
export function netMutations(net: MutationNet, traits: Traits): NetMutation[] {
  const data = net.data();
  const loss = net.loss();
  const traced = traceLossNet(net.model(), data.inputShape, data.length, loss);
  const target: Target = { ...traits, fusion: true, variants: {} };
  const { plan } = planTraining(`${MAIN}${data.length}`, traced, target, adam(), undefined);
  const ops = new Set(traced.graph.nodes.map(({ op }) => op));
  const own = Object.fromEntries(Object.entries(proofs).filter(([op]) => ops.has(op)));

  const launches = plan.launches.map(({ kernel, section }) => ({ kernel: section === 'forward' || section === 'backward' ? kernel.name : '', code: kernel.code }));
  const texts = plantable(launches, own).map(({ id, mutant, kernels }): NetMutation => ({
    id: `${net.name}: text, ${id}`, class: 'text', name: id, core: true, symptoms: mutant.symptoms ?? [], kernels,
    culprits: kernels.map((kernel) => ({ kernel })), alter: plantText(mutant),
  }));
  return [...texts, ...launchMutations(net, plan)];
}

/** Operators on a net's launches. The core set has each operator in one launch, another one for each operator. */
function launchMutations(net: MutationNet, plan: ProgramPlan): NetMutation[] {
  // An earlier run is an ordinary step here, so what needs one of its own is left to the ops.
  return operators.filter(({ afterOtherNumbers, extra }) => !afterOtherNumbers && !extra).flatMap(({ name, symptoms, sites }, turn) => {
    const places = plan.launches.flatMap(({ section, label, kernel }, index) => (section === 'forward' || section === 'backward'
      ? sites(plan, index).filter(({ equivalent }) => equivalent === undefined).map(({ detail, culprit }) => ({ index, label, kernel: kernel.name, detail, culprit })) : []));
    const chosen = places.length > 0 ? (turn * 5 + net.name.length) % places.length : 0;
    return places.map(({ index, label, kernel, detail, culprit }, at): NetMutation => {
      const where = `${label} ${kernel}${detail ? ` ${detail}` : ''}`;
      return {
        id: `${net.name}: launch, ${name}, ${where}`, class: 'launch', name: `${name}, ${where}`, core: at === chosen, symptoms, kernels: [culprit.kernel.name],
        culprits: [{ kernel: culprit.kernel.name, label: culprit.label }],
        // Only the program that trains has these launches in these places.
        alter: (other) => (sameLaunches(other, plan) ? sites(other, index).find((site) => site.detail === detail)?.plan ?? other : other),
      };
    });
  });
}

function sameLaunches(a: ProgramPlan, b: ProgramPlan): boolean {
  const part = ({ launches }: ProgramPlan): string => launches.filter(({ section }) => section === 'forward' || section === 'backward').map(({ label, kernel }) => `${label} ${kernel.name}`).join('\n');
  return part(a) === part(b);
}
