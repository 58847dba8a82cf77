import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '../harness.ts';
import { Lab } from './lab.ts';

const shared = process.env.SHARED_DIR ?? fileURLToPath(new URL('../../../shared', import.meta.url));
const folder = join(shared, 'data/mnist');
const names = ['train-images-idx3-ubyte.gz', 'train-labels-idx1-ubyte.gz', 't10k-images-idx3-ubyte.gz', 't10k-labels-idx1-ubyte.gz'];

/** Where the files are not there a developer's run goes on without; CI must not. */
function needMnist(): void {
  const there = names.every((name) => existsSync(join(folder, name)));
  if (!there && process.env.CI) throw new Error(`needs the four files of MNIST in ${folder}, got none. Set SHARED_DIR.`);
  test.skip(!there, `the MNIST files are not in ${folder}`);
}

/** An IDX file of bytes. */
function idx(shape: readonly number[], data: Uint8Array): Uint8Array {
  const header = new Uint8Array(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  shape.forEach((size, axis) => new DataView(header.buffer).setUint32(4 + 4 * axis, size));
  return Uint8Array.from([...header, ...data]);
}

test('trains on the four MNIST files', async ({ page }) => {
  needMnist();
  const lab = new Lab(page);
  await lab.openAtRest();
  await lab.get('files').setInputFiles(names.map((name) => join(folder, name)));
  await expect(lab.get('net-facts')).toContainText('784 → 128 → 10 · 101,770 parameters', { timeout: 60_000 });
  await expect(page.getByText(/\d,000 examples to learn from, \d+,000 to test/)).toBeVisible();
  await expect(page.locator('input[value="mnist"]')).toBeChecked();
  await lab.reaches('training');
  await lab.passesStep(10);
  await expect(page.getByText(/of 32 shown are read correctly/)).toBeVisible();
});

test('takes two dropped files, told apart by their content', async ({ page }) => {
  const lab = new Lab(page);
  await lab.openAtRest();
  const pixels = Uint8Array.from({ length: 200 * 64 }, (_, i) => (i * 37) % 256);
  await lab.drop([
    { name: 'b', bytes: idx([200], Uint8Array.from({ length: 200 }, (_, i) => i % 10)) },
    { name: 'a', bytes: idx([200, 8, 8], pixels) },
  ]);
  await expect(lab.get('net-facts')).toContainText('64 → 128 → 10', { timeout: 30_000 });
  await lab.passesStep(3);
});

test('refuses broken files and leaves the training alone', async ({ page }) => {
  const lab = new Lab(page);
  await lab.open();
  await lab.passesStep(10);
  const step = await lab.stepCount();
  await lab.drop([{ name: 'labels', bytes: idx([3], Uint8Array.of(0, 1, 2)) }, { name: 'cut-off', bytes: idx([3, 2, 2], Uint8Array.of(1, 2, 3)) }]);
  await expect(lab.get('notice')).toContainText('These files cannot be used. Nothing has changed.');
  await expect(lab.get('notice')).toContainText(/cut-off: .*12 bytes of data .*got 3/);
  await lab.passesStep(step + 1);
  await expect(lab.get('net-facts')).toContainText('2 → 16 → 2');

  await lab.drop([{ name: 'holiday.txt', bytes: new TextEncoder().encode('not a data set') }]);
  await expect(lab.get('notice')).toContainText('got one file, holiday.txt');
  await expect(page.locator('html')).toHaveAttribute('data-state', /training|paused/);
});
