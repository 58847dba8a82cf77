import { expect, test } from '../harness.ts';
import { Lab } from './lab.ts';

const unwritten = 'linear: the bias gradient never written';
const proven = '✓ 82 of 82 gradients proven';

test('a planted bug trains on, the check names it, and one click repairs it', async ({ page, context }) => {
  test.setTimeout(180_000);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const lab = new Lab(page);
  await lab.open();
  await expect(lab.get('verdict')).toHaveText(proven, { timeout: 60_000 });
  await lab.get('break-it').click();
  const menu = page.getByRole('dialog', { name: 'Break it' });
  await expect(lab.get('bug-count')).toHaveText(/^\d\d bugs fit into \d kernels of this net\.$/, { timeout: 30_000 });
  // Grouped by kernel, each bug with the change that it makes.
  await expect(menu.getByRole('region', { name: 'matmul-nt/short' })).toContainText('forward pass of a layer');
  const entry = menu.getByRole('listitem').filter({ hasText: /^the bias gradient never written/ });
  await expect(entry.locator('del')).not.toBeEmpty();
  expect(await lab.faintTexts(menu)).toEqual([]);
  await entry.getByRole('button', { name: 'Plant: the bias gradient never written' }).click();

  await expect(menu).toBeHidden();
  const banner = page.getByRole('region', { name: 'A bug is planted: the bias gradient never written' });
  await expect(banner).toBeVisible({ timeout: 30_000 });
  await expect(banner).toContainText(/In matmul-tn\/short, since step \d/);
  const finding = lab.get('finding');
  await expect(finding).toBeVisible({ timeout: 60_000 });
  // The kernel and the explanation that the check names are the ones that were planted.
  for (const [name, value] of [['found', 'yes'], ['kernel', 'right'], ['explanation', 'right']]) await expect(finding).toHaveAttribute(`data-${name}`, value);
  await expect(finding).toContainText('the first wrong tensor comes from matmul-tn/short. ✓ that is right');
  await expect(lab.get('verdict')).toHaveText(/^✗ \d+ of 82 fail$/);
  await expect(lab.get('verdict')).toHaveClass(/bad/);
  expect(await lab.faintTexts(banner)).toEqual([]);

  await lab.get('verdict').click();
  const report = page.getByRole('dialog', { name: 'Gradients' });
  await expect(report.getByTestId('blamed-kernel')).toHaveText('matmul-tn/short');
  await expect(report.getByTestId('explanations')).toContainText('Never written');
  await expect(report.getByTestId('report-table').locator('tr.wrong')).not.toHaveCount(0);
  // A copied report says that somebody broke the kernels.
  await report.getByTestId('copy-report-markdown').click();
  await expect(report.getByRole('status')).toHaveText('Copy as Markdown: done');
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('A bug was planted in these kernels on purpose: the bias gradient never written');
  expect(await lab.faintTexts(report)).toEqual([]);
  await page.keyboard.press('Escape');

  // Meanwhile the loss has gone on falling as if nothing were wrong.
  await lab.reaches('paused');
  expect(await lab.stepCount()).toBe(3000);
  expect(Number(/loss ([\d.e−]+)/.exec((await lab.get('batch-figures').textContent()) ?? '')?.[1].replace('−', '-'))).toBeLessThan(0.3);
  await lab.hash();
  await expect(lab.get('hash')).toContainText('trained with a planted bug');

  await lab.get('repair').click();
  await expect(banner).toBeHidden({ timeout: 30_000 });
  // The bug came at a step of its own in each run: of the weights that it left, a gradient or two may be below rounding noise.
  await expect(lab.get('verdict')).toHaveText(/^✓ (79|8[0-2]) of 82 gradients proven$/, { timeout: 60_000 });
  // From the present weights, which stay marked until they are begun anew.
  expect(await lab.stepCount()).toBe(3000);
  await expect(lab.get('hash')).toHaveAttribute('data-tainted', 'true', { timeout: 30_000 });
});

test('a bug goes on from the very weights, stays through pause, reset and other settings, and leaves no trace when it is gone', async ({ page }) => {
  test.setTimeout(180_000);
  const lab = new Lab(page);
  await lab.openAtRest();
  await lab.steps(4);
  const clean = await lab.hash();
  await lab.plant(unwritten);
  // Planted and repaired without a step between: the same weights, the same optimiser, so the same bits later.
  expect(await lab.hash()).toBe(clean);
  await expect(lab.get('hash')).toHaveAttribute('data-tainted', 'true');
  await lab.get('repair').click();
  await expect(lab.get('planted')).toBeHidden({ timeout: 30_000 });
  await expect(lab.get('verdict')).toHaveText(proven, { timeout: 60_000 });
  await lab.steps(2);
  const repaired = await lab.hash();
  await lab.get('reset').click();
  await lab.reaches('ready');
  await lab.steps(6);
  expect(await lab.hash()).toBe(repaired);
  await expect(lab.get('hash')).toHaveAttribute('data-tainted', 'false');

  // Other steps with the bug than without.
  await lab.plant(unwritten);
  await lab.steps(1);
  const broken = await lab.hash();
  await lab.get('reset').click();
  await lab.reaches('ready');
  await expect(lab.get('planted')).toBeVisible();
  await lab.steps(7);
  expect(await lab.hash()).not.toBe(broken);
  await expect(lab.get('hash')).toHaveAttribute('data-tainted', 'true');
  await expect(lab.get('verdict')).toHaveClass(/bad/, { timeout: 60_000 });

  await lab.set('hidden', '8');
  await expect(lab.get('net-facts')).toContainText('2 → 8 → 2', { timeout: 30_000 });
  await expect(lab.get('planted')).toBeVisible();
  await lab.steps(1);
  await expect(lab.get('verdict')).toHaveText(/^✗ \d+ of 42 fail$/, { timeout: 60_000 });
});

test('a bug for which the new net has no place is gone, and says so', async ({ page }) => {
  const lab = new Lab(page);
  await lab.openAtRest();
  await lab.plant('crossEntropy: the target is always class 0');
  await lab.chooseData('sine');
  await expect(lab.get('notice')).toHaveAttribute('data-code', 'bug-lost', { timeout: 30_000 });
  await expect(lab.get('notice')).toContainText('the target is always class 0');
  await expect(lab.get('planted')).toBeHidden();
  await lab.get('check').click();
  await expect(lab.get('verdict')).toHaveText('✓ 49 of 49 gradients proven', { timeout: 60_000 });
});

test('a bug that nothing in the net goes through says that the check passes', async ({ page }) => {
  const lab = new Lab(page);
  await lab.openAtRest();
  // Sums of so few terms have one partial sum, and that is the first.
  await lab.plant('sum: every second partial sum');
  await expect(lab.get('finding')).toContainText('The check passes: nothing in this net goes through the broken part.', { timeout: 60_000 });
  await expect(lab.get('finding')).toHaveAttribute('data-found', 'no');
  await expect(lab.get('verdict')).toHaveText(proven);
});

test('a lost device comes back with its bug', async ({ page }) => {
  test.setTimeout(180_000);
  const lab = new Lab(page);
  await lab.changeWorker(`
    const { requestDevice } = GPUAdapter.prototype;
    let device;
    GPUAdapter.prototype.requestDevice = async function (...options) { return device = await requestDevice.apply(this, options); };
    new BroadcastChannel('lose').onmessage = () => device.destroy();`);
  await lab.open();
  await lab.passesStep(20);
  await lab.plant(unwritten);
  await page.evaluate(() => new BroadcastChannel('lose').postMessage(''));
  await expect(lab.get('notice')).toHaveAttribute('data-code', 'device-lost', { timeout: 30_000 });
  await expect(lab.get('planted')).toBeVisible();
  await lab.reaches('training');
  await lab.get('check').click();
  await expect(lab.get('verdict')).toHaveText(/^✗ \d+ of 82 fail$/, { timeout: 60_000 });
});

test('the menu and the banner fit small screens, in both languages', async ({ page }) => {
  test.setTimeout(180_000);
  const lab = new Lab(page);
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await lab.open('lang=zh');
  await lab.reaches('ready');
  // By the keyboard alone.
  await page.keyboard.press('b');
  const menu = page.getByRole('dialog', { name: '植入错误' });
  await expect(lab.get('bug-count')).toHaveText(/个内核中可植入 \d+ 个错误/, { timeout: 30_000 });
  expect(await lab.sticksOut()).toBe(false);
  await page.keyboard.press('Escape');
  await expect(menu).toBeHidden();
  await lab.plant(unwritten);
  await expect(lab.get('planted')).toContainText('已植入错误：');
  await expect(lab.get('finding')).toContainText('最先出错的张量来自 matmul-tn/short。 ✓ 正确', { timeout: 60_000 });
  expect(await lab.sticksOut()).toBe(false);
  await lab.get('language').click();
  await expect(lab.get('planted')).toContainText('A bug is planted: the bias gradient never written');
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  expect(await lab.faintTexts(lab.get('planted'))).toEqual([]);
  await lab.get('verdict').click();
  expect(await lab.sticksOut()).toBe(false);
  expect(await lab.faintTexts(page.getByRole('dialog'))).toEqual([]);
});
