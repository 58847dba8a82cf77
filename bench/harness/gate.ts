import type { Case } from '../cases/case.ts';
import type { Evidence } from '../contestants/contestant.ts';
import type { HostTensor, Named } from './host-tensor.ts';
import type { Expected } from './references.ts';

/** An output may be off by this part of the root mean square of what is expected. */
const OUTPUT_TOLERANCE = 1e-4;
const FIRST_LOSS_TOLERANCE = 1e-4;
/** Roundings grow from step to step. */
const LATER_LOSS_TOLERANCE = 0.02;
/**
 * ‖difference of the first updates‖ / ‖update‖. Adam's first step is nearly the gradient's sign: where a gradient is 0 but for
 * roundings (the bias of attention's keys), it goes either way.
 */
const UPDATE_TOLERANCE = 0.1;

const rootMeanSquare = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

const short = (value: number): string => String(Number(value.toPrecision(3)));

function outputProblem(outputs: Named<Float32Array>, { output, places, values }: Expected): string | undefined {
  const got = outputs[output];
  if (!got) return `it has no ${output}`;
  const allowed = OUTPUT_TOLERANCE * rootMeanSquare(values);
  const bad = places.findIndex((place, i) => !(Math.abs(got[place] - values[i]) <= allowed));
  return bad < 0 ? undefined : `${output} is ${short(got[places[bad]])} at ${places[bad]}, expected ${short(values[bad])} ± ${short(allowed)}`;
}

function sameOutputs(outputs: Named<Float32Array>, reference: Named<Float32Array>): string | undefined {
  for (const [output, values] of Object.entries(reference)) {
    if (outputs[output]?.length !== values.length) return `${output} has ${outputs[output]?.length ?? 0} numbers, expected ${values.length}`;
    const problem = outputProblem(outputs, { output, places: Array.from(values, (_, i) => i), values: Array.from(values) });
    if (problem) return problem;
  }
  return undefined;
}

/** ‖(w − start) − (reference − start)‖ / ‖reference − start‖ over all parameters. */
export function updateDifference(parameters: Named<HostTensor>, reference: Named<HostTensor>, start: Named<HostTensor>): number {
  let [difference, length] = [0, 0];
  for (const [name, { data }] of Object.entries(reference)) {
    const own = parameters[name]?.data;
    if (own?.length !== data.length) return NaN;
    data.forEach((value, i) => {
      difference += (own[i] - value) ** 2;
      length += (value - start[name].data[i]) ** 2;
    });
  }
  return Math.sqrt(difference / length);
}

function trainingProblem(evidence: Evidence & { kind: 'training' }, reference: Evidence & { kind: 'training' }, start: Named<HostTensor>): string | undefined {
  // A slow contestant makes fewer steps than the others.
  const steps = Math.min(evidence.losses.length, reference.losses.length);
  if (steps < 2) return `it reports ${steps} losses, needed are 2`;
  const bad = evidence.losses.slice(0, steps).findIndex((loss, step) => {
    const expected = reference.losses[step];
    return !(Math.abs(loss - expected) <= (step === 0 ? FIRST_LOSS_TOLERANCE : LATER_LOSS_TOLERANCE) * Math.abs(expected));
  });
  if (bad >= 0) return `the loss of step ${bad + 1} is ${short(evidence.losses[bad])}, chainrule's ${short(reference.losses[bad])}`;
  const difference = updateDifference(evidence.parameters, reference.parameters, start);
  return difference <= UPDATE_TOLERANCE ? undefined : `the first update differs by ${short(difference)} of its length, allowed is ${UPDATE_TOLERANCE}`;
}

/**
 * Why a contestant's results are not right, or undefined. Ops are held against float64 loops; trainings and predictions against
 * `reference`, chainrule's own, whose gradients are proven elsewhere.
 */
export function gateProblem(work: Case, evidence: Evidence, expected: readonly Expected[], reference: Evidence): string | undefined {
  if (evidence.kind === 'outputs' && expected.length > 0) {
    return expected.map((one) => outputProblem(evidence.outputs, one)).find((problem) => problem !== undefined);
  }
  if (evidence.kind === 'outputs' && reference.kind === 'outputs') return sameOutputs(evidence.outputs, reference.outputs);
  if (evidence.kind === 'training' && reference.kind === 'training' && work.kind === 'training') {
    const finite = evidence.losses.length > 0 && evidence.losses.every((loss) => Number.isFinite(loss));
    return finite ? trainingProblem(evidence, reference, work.parameters()) : 'its losses are not finite';
  }
  return 'its evidence is of another kind than chainrule\'s';
}
