import { expect, test } from '../harness.ts';
import type { CutNetName } from '../cut-nets.ts';
import { furthest } from './furthest.ts';

type Kit = typeof import('./cut-kit.ts');

/** Nets whose tensors are larger than what a launch may bind: what they learn stays the same. Files share the list, so that workers share the tests. */
export function testCutNets(names: readonly CutNetName[]): void {
  for (const name of names) {
    test(`${name}: cut it trains as without a limit, its gradients proven, in one submit a step`, async ({ run }) => {
      const [cut, whole] = await run(async (lib, net) => {
        const { trainedNet } = await lib.load<Kit>('/e2e/gpu/cut-kit.ts');
        return [await trainedNet(net, true), await trainedNet(net, false)] as const;
      }, name);
      expect(cut.launches).toBeGreaterThan(whole.launches + 4);
      expect([cut.submits, cut.made]).toEqual([3, 0]);
      expect(cut.verdict).toBe('pass');
      expect(furthest(cut.losses, whole.losses)).toBeLessThan(1e-4);
      expect(furthest(cut.predicted, whole.predicted)).toBeLessThan(3e-3);
      expect(furthest(cut.reported, whole.reported)).toBeLessThan(3e-3);
    });
  }
}

/** Bugs in kernels of ranges: in kernels with a name that begins so, a pattern and what stands in its place. Each must be planted and found. */
export function testPlantedBugs(bugs: readonly (readonly [name: string, net: CutNetName | 'embedding', kernel: string, find: string, replace: string])[]): void {
  for (const [name, net, kernel, find, replace] of bugs) {
    test(`a bug is found: ${name}`, async ({ run }) => {
      const { planted, verdict } = await run(async (lib, { net, ...bug }) => {
        const { checkedWith } = await lib.load<Kit>('/e2e/gpu/cut-kit.ts');
        return checkedWith(net, bug);
      }, { net, kernel, find, replace });
      expect(planted).toBeGreaterThan(0);
      expect(verdict).toBe('fail');
    });
  }
}
