import { OptionError, show } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import type { Target } from '../ops/request.ts';
import { createTensor, runRequests } from '../program/run-requests.ts';
import { reduce } from '../ops/reduce.ts';
import type { Section } from './section.ts';

const NAME = 'a loop that never ends';
const ID = `reduce: ${NAME}`;
const COUNT = 8;

/** Sums eight ones; with the bug by a loop whose step is taken from the numbers, so that no compiler can see that it never ends. */
async function sum(device: Device, hanging: boolean): Promise<number> {
  const [x, out] = [createTensor('x', [COUNT]), createTensor('out', [])];
  const request = reduce(x, { outer: 1, size: COUNT, inner: 1, scale: 1 }, out);
  const { kernel } = request.family.variants.find(({ name }) => name === 'serial')!;
  const family = {
    name: 'under test',
    variants: [{
      name: 'only', suits: () => true,
      kernel: (_spec: object, target: Target) => {
        const right = kernel(request.spec, target);
        return hanging ? { ...right, code: right.code.replace('var i = first;', 'var i = first + 1u;').replace('i++', 'i *= u32(x[0])') } : right;
      },
    }],
  };
  const [total] = await runRequests(device, [{ ...request, family }], { inputs: new Map([[x, new Float32Array(COUNT).fill(1)]]), read: [out] });
  return total![0]!;
}

/** A bug that stops the GPU: whoever runs the campaign must survive it, and count it as found. */
export const hangSection: Section = {
  name: 'hang',
  list: () => [{ id: ID, group: 'reduce', class: 'hang', name: NAME, core: true }],
  async run(device, id) {
    if (id !== ID) throw new OptionError('mutate', 'a mutant that hangs', show(id));
    const started = performance.now();
    const total = await sum(device, true);
    // Should it end after all, a wrong sum is found as well.
    return { id, group: 'reduce', class: 'hang', name: NAME, outcome: total === COUNT ? 'survived' : 'killed', by: `the sum of ${COUNT} ones is ${total}`, ms: performance.now() - started };
  },
  async control(device) {
    await sum(device, false);
  },
};
