import { OptionError, show } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import { proofs } from '../proof/index.ts';
import { mutationsOf, type OpMutation } from './op-mutations.ts';
import { runMutation, runWithout } from './run-mutation.ts';
import type { Section } from './section.ts';

const known = new Map<string, readonly OpMutation[]>();

function mutations(op: string, { adapterClass, maxBindings }: Pick<Device, 'adapterClass' | 'maxBindings'>): readonly OpMutation[] {
  const key = `${op} ${adapterClass} ${maxBindings}`;
  if (!known.has(key)) known.set(key, mutationsOf(op, { adapterClass, maxBindings }));
  return known.get(key)!;
}

function find(device: Device, id: string): OpMutation {
  const mutation = mutations(id.slice(0, Math.max(0, id.indexOf(':'))), device).find((candidate) => candidate.id === id);
  if (!mutation) throw new OptionError('mutate', 'a mutation of an op', show(id));
  return mutation;
}

/** Bugs in the kernels of every op and in the way they are launched, each against the op's own samples. */
export const opSection: Section = {
  name: 'ops',
  list(device) {
    // Forced variants of kernels that several ops share are core in the first of them.
    const first = new Map<string, string>();
    return Object.keys(proofs).flatMap((op) => mutations(op, device).map(({ id, class: kind, name, core, forcedKernel, equivalent }) => {
      if (forcedKernel !== undefined && !first.has(forcedKernel)) first.set(forcedKernel, op);
      return {
        id, group: op, class: kind, name, core: core && (forcedKernel === undefined || first.get(forcedKernel) === op), ...(equivalent === undefined ? {} : { harmless: true }),
      };
    }));
  },
  run: (device, id) => runMutation(device, find(device, id)),
  control: (device, id) => runWithout(device, find(device, id)),
};
