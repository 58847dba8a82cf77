import { OptionError, show } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import { ops } from '../ops/index.ts';
import { proofs } from '../proof/index.ts';
import { mutationsOf, type OpMutation } from './op-mutations.ts';
import { runMutation, runWithout } from './run-mutation.ts';
import type { Section } from './section.ts';
import type { Traits } from '../ops/request.ts';

const known = new Map<string, readonly OpMutation[]>();

/** Every mutation of an op, listed once for each kind of device. */
export function knownMutations(op: string, traits: Traits): readonly OpMutation[] {
  const key = `${op} ${JSON.stringify(traits)}`;
  if (!known.has(key)) known.set(key, mutationsOf(op, traits));
  return known.get(key)!;
}

function find(device: Device, id: string): OpMutation {
  const mutation = knownMutations(id.slice(0, Math.max(0, id.indexOf(':'))), device.traits).find((candidate) => candidate.id === id);
  if (!mutation) throw new OptionError('mutate', 'a mutation of an op', show(id));
  return mutation;
}

/** Bugs in the kernels of every op and in the way they are launched, each against the op's own samples. */
export const opSection: Section = {
  name: 'ops',
  list(traits) {
    // Kernels that several ops run are attacked in the first of them.
    const attacked = new Set<string>();
    const repeats = new Set<string>();
    for (const op of Object.keys(ops).filter((name) => Object.hasOwn(proofs, name))) {
      for (const { id, core, targets } of knownMutations(op, traits)) {
        if (!core) continue;
        if (targets.length > 0 && targets.every((target) => attacked.has(target))) repeats.add(id);
        for (const target of targets) attacked.add(target);
      }
    }
    return Object.keys(proofs).flatMap((op) => knownMutations(op, traits).map(({ id, class: kind, name, core, equivalent }) => ({
      id, group: op, class: kind, name, core, ...(repeats.has(id) ? { repeats: true } : {}), ...(equivalent === undefined ? {} : { harmless: true }),
    })));
  },
  run: (device, id) => runMutation(device, find(device, id)),
  control: (device, id) => runWithout(device, find(device, id)),
};
