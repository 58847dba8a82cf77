import { expect, test } from 'playwright/test';
import * as schedules from '../../src/nn/schedules.ts';
import { missing, readFixtures } from '../fixtures/torch.ts';

interface Case {
  readonly schedule: string;
  readonly lr: number;
  readonly options: Readonly<Record<string, never>>;
  /** The learning rate before each step. */
  readonly values: readonly number[];
}

type Maker = (options: Case['options']) => schedules.Schedule;

/** Which schedule of ours each of PyTorch's is: they have the same names and options. */
const ours: Readonly<Record<string, Maker>> = schedules as unknown as Record<string, Maker>;

const cases = readFixtures<readonly Case[]>('schedules');
if (!cases) test('fixtures › schedules', () => missing('schedules'));

for (const [index, { schedule, lr, options, values }] of (cases ?? []).entries()) {
  test(`fixtures › schedules ${index}: ${schedule} ${JSON.stringify(options)}`, () => {
    expect(Object.hasOwn(ours, schedule), `no schedule of ours stands for ${schedule}`).toBe(true);
    const made = ours[schedule]!(options);
    expect(values.length).toBeGreaterThan(0);
    // PyTorch multiplies step by step, we have closed forms: some tens of roundings of float64 differ.
    for (const [time, value] of values.entries()) expect(Math.abs(made.at(time, lr) - value), `at ${time}`).toBeLessThanOrEqual(1e-12 * Math.abs(lr));
  });
}
