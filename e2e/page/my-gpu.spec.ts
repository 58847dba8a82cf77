import { ops } from '../../src/ops/index.ts';
import { expect, test } from '../harness.ts';
import { Lab } from './lab.ts';

const names = Object.keys(ops).sort();

test('the self-test runs on a click, shows every op and its arithmetic, and can be copied', async ({ page, context }) => {
  test.setTimeout(180_000);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const lab = new Lab(page);
  await lab.open();
  await lab.passesStep(5);
  await lab.get('my-gpu').click();
  const dialog = page.getByRole('dialog', { name: 'My GPU' });
  await expect(dialog).toBeVisible();
  await expect(lab.get('test-progress')).toBeVisible();
  await expect(lab.get('test-outcome')).toHaveText(new RegExp(`^✓ ${names.length} of ${names.length} ops proven in [\\d.]+ s$`), { timeout: 120_000 });
  const rows = lab.get('self-test-table').locator('tbody tr');
  expect((await rows.locator('th').allTextContents()).sort()).toEqual(names);
  for (const row of await rows.all()) await expect(row.locator('td')).toHaveText([/^✓ proven/, /^\d/, /^[1-9]/, /^\w/]);
  await expect(lab.get('calibration-table').locator('tbody tr').filter({ hasText: 'exp' }).first()).toContainText('ulp');
  await expect(lab.get('adapter-facts')).toContainText(/chromium \d+/);
  await expect(lab.get('adapter-facts')).toContainText(/\d+ texts, SHA-256 [0-9a-f]{64}/);
  expect(await lab.faintTexts(dialog)).toEqual([]);

  await lab.get('copy-markdown').click();
  await expect(dialog.getByText('Copy as Markdown: done')).toBeVisible();
  const markdown = await page.evaluate(() => navigator.clipboard.readText());
  for (const name of names) expect(markdown).toContain(`| ${name} | ✓ `);
  expect(markdown).toContain('<summary>Calibration</summary>');
  await lab.get('copy-json').click();
  await expect(dialog.getByText('Copy as JSON: done')).toBeVisible();
  const json = JSON.parse(await page.evaluate(() => navigator.clipboard.readText())) as Record<string, unknown>;
  expect(json).toMatchObject({ schema: 'chainrule/self-test/1', extent: 'core', passed: true });

  // Escape closes, the focus is where it was, and what was found is still there.
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(lab.get('my-gpu')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(lab.get('test-outcome')).toContainText('ops proven');
});

test('training waits while it runs, goes on after a cancel, and loses nothing', async ({ page }) => {
  test.setTimeout(180_000);
  const lab = new Lab(page);
  await lab.open();
  await lab.passesStep(5);
  await page.keyboard.press('g');
  const dialog = page.getByRole('dialog', { name: 'My GPU' });
  await expect(dialog).toBeVisible();
  await lab.get('cancel-test').click();
  await lab.get('run-all').click();
  await expect(lab.get('self-test-table').locator('tbody tr').first()).toBeVisible({ timeout: 120_000 });
  await expect(lab.get('state')).toHaveText('Waiting for the self-test');
  const step = await lab.stepCount();
  await expect(lab.get('self-test-table').locator('tbody tr').nth(1)).toBeVisible({ timeout: 120_000 });
  expect(await lab.stepCount()).toBe(step);
  await lab.get('cancel-test').click();
  await expect(lab.get('test-outcome')).toHaveText(/^Cancelled after [\d,]+ of [\d,]+ runs$/);
  // What was found stays, and the training goes on at the next step.
  await expect(lab.get('self-test-table').locator('tbody tr').first()).toBeVisible();
  await lab.passesStep(step + 1);
  await lab.get('run-core').click();
  await expect(lab.get('state')).toHaveText('Waiting for the self-test');
  // Closing cancels.
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(lab.get('state')).not.toHaveText('Waiting for the self-test');
  await page.locator('html[data-state="training"], html[data-state="paused"]').waitFor();
});

test('a wrong kernel shows as a failing op, with what is wrong', async ({ page }) => {
  test.setTimeout(180_000);
  const lab = new Lab(page);
  await lab.changeWorker(`
    const { createShaderModule } = GPUDevice.prototype;
    GPUDevice.prototype.createShaderModule = function (descriptor) {
      return createShaderModule.call(this, descriptor.label === 'silu' ? { ...descriptor, code: descriptor.code.replace('return x * logistic(x);', 'return x * logistic(x) * 1.001;') } : descriptor);
    };`, 'self-test');
  await lab.openAtRest();
  await lab.get('my-gpu').click();
  await expect(lab.get('test-outcome')).toHaveText(new RegExp(`^✗ ${names.length - 1} of ${names.length} ops proven`), { timeout: 120_000 });
  await expect(lab.get('self-test-table').locator('tr.wrong')).toHaveCount(1);
  await expect(lab.get('self-test-table').locator('tr.wrong')).toContainText(/silu✗ fails/);
  await expect(lab.get('test-failure')).toContainText('silu: what is wrong');
  await expect(lab.get('test-failure').locator('pre')).toContainText(/kernel silu/);
  expect(await lab.faintTexts(page.getByRole('dialog'))).toEqual([]);
});

test('without a GPU it explains', async ({ page }) => {
  const lab = new Lab(page);
  const script = 'delete WorkerNavigator.prototype.gpu;';
  await lab.changeWorker(script);
  await lab.changeWorker(script, 'self-test');
  await lab.open();
  await lab.reaches('error');
  await lab.get('my-gpu').click();
  await expect(lab.get('test-outcome')).toHaveAttribute('data-code', 'no-webgpu', { timeout: 30_000 });
  await expect(page.getByRole('dialog')).toContainText('This browser has no WebGPU.');
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText(/WebGPU from version|chrome:\/\/flags/);
  await expect(lab.get('run-core')).toBeEnabled();
});

test('it fits a small screen, in Chinese and in the dark', async ({ page }) => {
  test.setTimeout(180_000);
  const lab = new Lab(page);
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ reducedMotion: 'reduce', colorScheme: 'dark' });
  await lab.open('lang=zh');
  await lab.reaches('ready');
  await lab.get('my-gpu').click();
  const dialog = page.getByRole('dialog', { name: '我的 GPU' });
  // Some rows are enough to see whether they fit.
  await expect(lab.get('self-test-table').locator('tbody tr').nth(12)).toBeVisible({ timeout: 120_000 });
  await lab.get('cancel-test').click();
  await expect(lab.get('test-outcome')).toContainText('已取消', { timeout: 30_000 });
  expect(await lab.sticksOut()).toBe(false);
  expect(await lab.faintTexts(dialog)).toEqual([]);
  const small = await dialog.locator('button:visible').evaluateAll((elements) => elements.filter((element) => element.getBoundingClientRect().height < 24).length);
  expect(small).toBe(0);
});
