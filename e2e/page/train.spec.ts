import { expect, test } from '../harness.ts';
import { Lab } from './lab.ts';

test('trains the spiral on load and proves its gradients', async ({ page }) => {
  const lab = new Lab(page);
  await lab.open();
  await lab.reaches('training');
  await expect(lab.get('verdict')).toHaveText('✓ 82 of 82 gradients proven', { timeout: 60_000 });
  await expect(lab.get('verdict')).toHaveClass(/good/);
  await expect(page.getByRole('status')).toHaveText('✓ 82 of 82 gradients proven');

  // Guessing costs ln 2; by this step the spiral has begun to unwind.
  await lab.passesStep(600);
  const loss = async (): Promise<number> => Number(/loss ([\d.e−]+)/.exec((await lab.get('batch-figures').textContent()) ?? '')?.[1].replace('−', '-'));
  expect(await loss()).toBeLessThan(Math.log(2));

  await expect(lab.get('adapter')).toBeVisible();
  const chart = page.getByRole('figure', { name: /Loss by step\. At step/ });
  await expect(chart.locator('canvas')).toBeVisible();

  // Training rests by itself, and the weights it rests at are checked too.
  await lab.reaches('paused');
  expect(await lab.stepCount()).toBe(3000);
  await expect(page.getByText('at step 3,000')).toBeVisible({ timeout: 30_000 });
  await expect(lab.get('verdict')).toHaveText('✓ 82 of 82 gradients proven');
  await expect(lab.get('test-figures')).toContainText('accuracy');

  await lab.get('verdict').click();
  const rows = page.getByRole('dialog').getByTestId('report-table').locator('tbody tr');
  await expect(rows).toHaveCount(4);
  await expect(rows.locator('th')).toHaveText(['0.weight', '0.bias', '2.weight', '2.bias']);
  await expect(rows.nth(0)).toContainText('16 × 2');
  await expect(rows.nth(0)).toContainText('32 / 32');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
});

test('a step is one step, and the same seed gives the same weights', async ({ page }) => {
  const lab = new Lab(page);
  await lab.openAtRest();
  expect(await lab.stepCount()).toBe(0);
  await lab.steps(5);
  const first = await lab.hash();
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  // A check between the steps leaves no trace.
  await expect(lab.get('verdict')).toHaveText('✓ 82 of 82 gradients proven', { timeout: 30_000 });

  await lab.get('reset').click();
  await lab.reaches('ready');
  expect(await lab.stepCount()).toBe(0);
  await expect(lab.get('verdict')).toHaveText('Not checked yet');
  await lab.steps(5);
  expect(await lab.hash()).toBe(first);

  await lab.set('seed', '43');
  await lab.reaches('ready');
  await lab.steps(5);
  expect(await lab.hash()).not.toBe(first);
});

test('pauses after the step under way, and goes on', async ({ page }) => {
  const lab = new Lab(page);
  await lab.open();
  await lab.passesStep(20);
  await lab.pause();
  const paused = await lab.stepCount();
  await lab.hash();
  expect(await lab.stepCount()).toBe(paused);
  await lab.steps(1);
  expect(await lab.stepCount()).toBe(paused + 1);
  await lab.get('toggle').click();
  await lab.reaches('training');
  await lab.passesStep(paused + 20);
});

test('the picker changes the data and the net', async ({ page }) => {
  const lab = new Lab(page);
  await lab.open();
  await lab.passesStep(1);
  await lab.chooseData('blobs');
  await expect(lab.get('net-facts')).toContainText('2 → 16 → 3 · 99 parameters', { timeout: 30_000 });
  await expect(page.getByText('class 2')).toBeVisible();
  await lab.reaches('training');

  await lab.chooseData('sine');
  await expect(lab.get('net-facts')).toContainText('1 → 16 → 1 · 49 parameters', { timeout: 30_000 });
  await expect(page.getByRole('img', { name: /Curve of the net/ })).toBeVisible();
  await expect(lab.get('verdict')).toHaveText('✓ 49 of 49 gradients proven', { timeout: 60_000 });

  await lab.chooseData('digits');
  await expect(lab.get('net-facts')).toContainText('784 → 128 → 10 · 101,770 parameters', { timeout: 30_000 });
  await lab.passesStep(3);
  await expect(page.getByText(/of 32 shown are read correctly/)).toBeVisible({ timeout: 30_000 });
});

test('settings: good ones hold, bad ones are explained, too large steps are stopped', async ({ page }) => {
  const lab = new Lab(page);
  await lab.openAtRest();
  await lab.set('hidden', '8');
  await expect(lab.get('net-facts')).toContainText('2 → 8 → 2 · 42 parameters');
  await lab.set('batchSize', '0');
  await expect(lab.get('notice')).toContainText('batchSize');
  await expect(lab.get('batchSize')).toHaveValue('32');
  await lab.reaches('ready');
  await lab.get('dismiss').click();
  await expect(lab.get('notice')).toBeHidden();

  await lab.set('lr', '1e30');
  await lab.get('toggle').click();
  await lab.reaches('diverged');
  await expect(lab.get('notice')).toContainText('Training diverged');
  await expect(lab.get('notice')).toContainText(/step \d+: \d\.(weight|bias) holds NaN/);
  await expect(lab.get('step')).toBeDisabled();
  // Start was pressed, so a net that can train does.
  await lab.set('lr', '0.01');
  await lab.reaches('training');
  await lab.passesStep(1);
});
