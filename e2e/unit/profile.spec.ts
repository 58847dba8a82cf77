import { expect, test } from 'playwright/test';
import { isUsable, mediansOf, quantumOf } from '../../src/gpu/timing.ts';
import { bytesMoved } from '../../src/nn/profile.ts';
import { Profile } from '../../src/nn/profile-report.ts';
import type { Launch } from '../../src/program/plan.ts';
import { planStep } from '../ratchet/count.ts';
import { ratchetNets } from '../ratchet/nets.ts';

const launch = (section: string, label: string, kernel: string, microseconds: number, flops: number, bytes: number) => ({ section, label, kernel, microseconds, flops, bytes });
const profile = new Profile({
  adapter: 'Some GPU', method: 'timestamps', ceilings: { gigaflopsPerSecond: 10, gigabytesPerSecond: 2 }, stepMicroseconds: 130,
  launches: [launch('forward', '0.forward', 'matmul-nt/small', 100, 500_000, 50_000), launch('forward', 'loss.forward', 'mse', 0, 10, 10), launch('update', 'optimizer', 'adam', 50, 1000, 80_000)],
});

test('rates and shares follow from times, operations and bytes', () => {
  const [product, loss, update] = profile.launches;
  // 500,000 operations in 100 µs are 5 GFLOP/s: half of what the adapter does; 50 KB in them a quarter of what it moves.
  expect(product).toMatchObject({ gigaflopsPerSecond: 5, gigabytesPerSecond: 0.5, ofCeiling: 0.5 });
  expect(update).toMatchObject({ gigaflopsPerSecond: 0.02, gigabytesPerSecond: 1.6, ofCeiling: 0.8 });
  // Shorter than any clock: no rate, and not an infinite one.
  expect(loss).toMatchObject({ gigaflopsPerSecond: 0, gigabytesPerSecond: 0, ofCeiling: 0 });
  expect(profile.microseconds).toBe(150);
});

test('a profile as a table: the longest first', () => {
  expect(profile.toString()).toBe(`Some GPU: 3 launches, 150.0 µs one by one, 130.0 µs together; timed by timestamps
ceilings: 10.0 GFLOP/s, 2.0 GB/s
forward: 100.0 µs (66.7 %) in 2 launches
update: 50.0 µs (33.3 %) in 1 launch

   µs   share  GFLOP/s  GB/s  of ceiling  section  label         kernel
100.0  66.7 %     5.00  0.50        50 %  forward  0.forward     matmul-nt/small
 50.0  33.3 %     0.02  1.60        80 %  update   optimizer     adam
  0.0   0.0 %     0.00  0.00         0 %  forward  loss.forward  mse`);
});

test('a profile as a Chrome trace: a row for each section, spans one after the other', () => {
  const { traceEvents, ...others } = profile.toChromeTrace();
  expect(others).toEqual({ displayTimeUnit: 'ms', otherData: { adapter: 'Some GPU', method: 'timestamps', 'step µs': 130, 'ceiling GFLOP/s': 10, 'ceiling GB/s': 2 } });
  expect(traceEvents.slice(0, 3)).toEqual([
    { name: 'process_name', ph: 'M', pid: 1, tid: 0, args: { name: 'Some GPU' } },
    { name: 'thread_name', ph: 'M', pid: 1, tid: 1, args: { name: 'forward' } },
    { name: 'thread_name', ph: 'M', pid: 1, tid: 2, args: { name: 'update' } },
  ]);
  expect(traceEvents.slice(3).map(({ name, ph, cat, tid, ts, dur }) => [name, ph, cat, tid, ts, dur])).toEqual([
    ['0.forward (matmul-nt/small)', 'X', 'forward', 1, 0, 100], ['loss.forward (mse)', 'X', 'forward', 1, 100, 0], ['optimizer (adam)', 'X', 'update', 2, 100, 50],
  ]);
  expect(traceEvents[3]!.args).toEqual({ 'label': '0.forward', 'kernel': 'matmul-nt/small', 'bytes': 50_000, 'flops': 500_000, 'GFLOP/s': 5, 'GB/s': 0.5, '% of ceiling': 50 });
});

test('rounded timestamps are told from fine ones', () => {
  const fine = [[1000n, 14_040n, 15_080n, 90_001n], [200_000n, 213_333n, 214_000n, 280_123n]];
  expect(quantumOf(fine)).toBe(1);
  expect(isUsable(fine)).toBe(true);
  // To 100 µs and to 2^16 ns, as browsers do, wherever the clock starts.
  for (const step of [100_000n, 65_536n]) {
    const rounded = fine.map((round) => round.map((stamp) => 7n + (stamp / step + 3n) * step));
    expect(quantumOf(rounded) % Number(step)).toBe(0);
    expect(isUsable(rounded)).toBe(false);
  }
  // A clock that stands still, and one that runs backwards.
  expect(isUsable([[5n, 5n, 5n, 5n]])).toBe(false);
  expect(isUsable([[1000n, 2003n, 3001n, 2999n]])).toBe(false);
});

test('the median of the rounds counts, of two the mean', () => {
  expect(mediansOf([[0n, 1000n, 0n, 0n], [0n, 9000n, 0n, 10n], [0n, 3000n, 0n, 20n]])).toEqual([3, 0.01]);
  expect(mediansOf([[0n, 1000n], [5n, 3005n]])).toEqual([2]);
});

test('bytes: what is bound once, twice what is updated, and its share of what several launches write together', () => {
  const { launches } = planStep(ratchetNets['mlp-784-128-10']!(false), 'cpu');
  const moved = (all: readonly Launch[], label: string, kernel: string): number[] => all.filter((one) => one.label === label && one.kernel.name.startsWith(kernel)).map((one) => bytesMoved(one, all));
  // x, weight, bias and out.
  expect(moved(launches, '0.forward', 'matmul')).toEqual([4 * (64 * 784 + 784 * 128 + 128 + 64 * 128)]);
  // The gradients, and parameters and two moments there and back; 48 bytes of scalars.
  expect(moved(launches, 'optimizer', 'adam')).toEqual([48 + 407_296 * (1 + 3 * 2)]);
  const lstm = planStep(ratchetNets['lstm-2x128']!(false), 'cpu').launches.filter(({ section }) => section === 'forward');
  const steps = lstm.filter(({ kernel }) => kernel.bindings.some(({ access }) => access === 'part'));
  expect(steps.length).toBe(32);
  const [first] = steps;
  const parts = first!.kernel.bindings.flatMap(({ access }, index) => (access === 'part' ? [4 * first!.tensors[index]!.shape.reduce((product, size) => product * size, 1)] : []));
  const others = first!.kernel.bindings.flatMap(({ access }, index) => (access === 'part' ? [] : [4 * first!.tensors[index]!.shape.reduce((product, size) => product * size, 1)]));
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
  expect(bytesMoved(first!, lstm)).toBeCloseTo(sum(others) + sum(parts) / 16, 6);
});
