import { checkObject, checkOptionNames, GpuError, OptionError, show } from '../errors.ts';
import { Device } from '../gpu/device.ts';
import { ops } from '../ops/index.ts';
import type { Op } from '../ops/op.ts';
import type { Variant } from '../ops/request.ts';
import type { Alter } from '../program/plan.ts';
import { runOp } from '../program/run-op.ts';
import { proofs as libraryProofs } from '../proof/index.ts';
import type { Mutant, Proof, Sample } from '../proof/proof.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { calibrate } from './calibrate.ts';
import { checkConvention, checkSample } from './check-op.ts';
import type { OpRunner } from './check-op.ts';
import { describe, OpReport } from './op-report.ts';
import type { ConventionReport, MutantReport, SampleReport } from './op-report.ts';

export interface OpCheckOptions {
  /** Default: all of the proof's samples. */
  readonly samples?: readonly Sample[];
  /** Whether the proof's planted bugs must be found, too. Default true. */
  readonly mutants?: boolean;
  /** Largest errors of the builtins on this adapter. Default: measured on the device. */
  readonly builtins?: BuiltinErrors;
  /** Called after each run. */
  readonly onSample?: (report: SampleReport) => void;
}

/**
 * Proves an op on this device, one of your own (made known by `defineOp`) or one of the library: forward values and all
 * gradients on every sample of its proof, with every kernel variant of its `families`, under a cotangent of ones and a random
 * one; its conventions; and that each bug that the proof plants in the op's kernels is found.
 *
 * Throws an OptionError for an op that `defineOp` does not know and for a proof that lacks a part.
 */
export async function checkOp(device: Device, op: Op | string, proof?: Proof, options: OpCheckOptions = {}): Promise<OpReport> {
  const who = 'checkOp';
  if (!(device instanceof Device)) throw new OptionError(who, 'a device from await openDevice()', show(device));
  checkOptionNames(who, options, ['samples', 'mutants', 'builtins', 'onSample']);
  const { mutants: plant = true, onSample } = options;
  if (typeof plant !== 'boolean') throw new OptionError(who, 'mutants to be true or false', show(plant));
  const { name, families = [] } = known(who, op);
  const given = proof ?? (Object.hasOwn(libraryProofs, name) ? libraryProofs[name] : undefined);
  if (!given) throw new OptionError(who, `a proof of ${name}`, 'none', 'Only the library\'s own ops bring one.');
  checkProof(who, name, given);
  const proofs = { ...libraryProofs, [name]: given };
  const builtins = options.builtins ?? (await calibrate(device)).builtins;

  const samples: SampleReport[] = [];
  const conventions: ConventionReport[] = [];
  const runnable = <S extends object>(variants: readonly Variant<S>[]): readonly Variant<S>[] => (variants.length > 1 ? variants.filter(({ runs }) => !runs || runs(device.traits)) : []);
  const forced = [{}, ...families.flatMap(({ name: family, variants }) => runnable(variants).map((variant) => ({ [family]: variant.name })))];
  for (const variants of forced) {
    const run: OpRunner = (...call) => runOp(device, ...call, { target: { variants } });
    for (const sample of options.samples ?? given.samples) {
      for (const report of await checkSample(run, name, sample, { proofs, builtins })) {
        const found = Object.keys(variants).length > 0 ? { ...report, variants } : report;
        samples.push(found);
        onSample?.(found);
      }
    }
    for (const convention of given.conventions) {
      const report = await checkConvention(run, name, convention);
      conventions.push(Object.keys(variants).length > 0 ? { ...report, name: `${report.name} (${Object.entries(variants).join(' ').replaceAll(',', ':')})` } : report);
    }
  }
  const mutants: MutantReport[] = [];
  // A check that fails on right kernels says nothing when it fails on wrong ones.
  if (plant && [...samples, ...conventions].every(({ passed }) => passed)) {
    for (const mutant of given.mutants) mutants.push(await hunt(device, name, { ...given, samples: options.samples ?? given.samples }, mutant, forced, builtins));
  }
  return new OpReport({ op: name, samples, conventions, mutants });
}

function known(who: string, op: Op | string): Op {
  const name = typeof op === 'string' ? op : (op as Op | null)?.name;
  const found = typeof name === 'string' && Object.hasOwn(ops, name) ? ops[name] : undefined;
  if (!found || (typeof op !== 'string' && op !== found)) {
    throw new OptionError(who, 'an op of the library, or one that defineOp has made known', show(name), 'Pass on what defineOp returned.');
  }
  return found;
}

function checkProof(who: string, name: string, proof: Proof): void {
  checkObject(who, `a proof of ${name}: an object with forward, backward, samples and mutants`, proof);
  for (const part of ['forward', 'backward'] as const) {
    if (typeof proof[part] !== 'function') throw new OptionError(who, `${part} of ${name}'s proof as a function`, show(proof[part]));
  }
  for (const part of ['differentiable', 'samples', 'mutants', 'conventions'] as const) {
    if (!Array.isArray(proof[part])) throw new OptionError(who, `${part} of ${name}'s proof as a list`, show(proof[part]));
  }
  const { inputs, constants = [] } = ops[name];
  const expected = inputs.filter((input) => !constants.includes(input));
  if (proof.differentiable.toSorted().join() !== expected.toSorted().join()) {
    throw new OptionError(who, `differentiable of ${name}'s proof to be the op's inputs that are no constants (${expected.join(', ')})`, proof.differentiable.join(', ') || 'none');
  }
}

/** Plants one bug and looks for a sample or a convention that fails. A text that does not compile plants nothing. */
async function hunt(...call: Parameters<typeof search>): Promise<MutantReport> {
  try {
    return await search(...call);
  } catch (error) {
    if (error instanceof GpuError && error.code === 'gpu') return { name: call[3].name, passed: false, note: error.message };
    throw error;
  }
}

async function search(
  device: Device, name: string, proof: Proof, mutant: Mutant, forced: readonly Readonly<Record<string, string>>[], builtins: BuiltinErrors | undefined,
): Promise<MutantReport> {
  let planted = 0;
  const alter: Alter = (plan) => ({
    ...plan,
    launches: plan.launches.map((launch) => {
      const { kernel } = launch;
      if (!mutant.kernel.test(kernel.name) || !kernel.code.includes(mutant.find)) return launch;
      planted += 1;
      return { ...launch, kernel: { ...kernel, code: kernel.code.replaceAll(mutant.find, mutant.replace) } };
    }),
  });
  const proofs = { ...libraryProofs, [name]: proof };
  for (const variants of forced) {
    const run: OpRunner = (...call) => runOp(device, ...call, { target: { variants }, alter });
    for (const sample of proof.samples) {
      const failed = (await checkSample(run, name, sample, { proofs, builtins })).find(({ passed }) => !passed);
      if (failed) return { name: mutant.name, passed: true, by: describe(failed) };
    }
    for (const convention of proof.conventions) {
      if (!(await checkConvention(run, name, convention)).passed) return { name: mutant.name, passed: true, by: convention.name };
    }
  }
  if (planted === 0) return { name: mutant.name, passed: false, note: `${show(mutant.find)} stands in no kernel that ${String(mutant.kernel)} names` };
  return { name: mutant.name, passed: mutant.reason !== undefined, ...(mutant.reason ? { note: mutant.reason } : {}) };
}
