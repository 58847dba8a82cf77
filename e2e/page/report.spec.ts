import { expect, test } from '../harness.ts';
import { Lab } from './lab.ts';

const heads = ['tensor', 'shape', 'verdict', 'checked', 'worst σ', 'bits that agree', 'norm ratio', 'cosine', 'kinks', 'relative error', 'reference confirmed by'];

test('the report shows every gradient, its worst element and every launch, and can be copied', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const lab = new Lab(page);
  await lab.openAtRest();
  await lab.steps(1);
  await expect(lab.get('verdict')).toHaveText('✓ 82 of 82 gradients proven', { timeout: 60_000 });
  await lab.get('verdict').click();
  const dialog = page.getByRole('dialog', { name: 'Gradients' });
  const table = dialog.getByTestId('report-table');
  await expect(table.locator('thead th')).toHaveText(heads);
  const first = table.locator('tbody tr').first();
  await expect(first.locator('td')).toHaveText(['16 × 2', /^✓ proven/, '32 / 32', /^\d/, /^\d\d\.\d$/, /^(1\.0000|0\.9999)/, /^(1\.0000|0\.9999)/, /^\d+$/, /^\d.*e−\d/, 'differences of all 32 elements']);

  const worst = dialog.getByTestId('worst');
  await expect(worst.locator('dt')).toHaveText(['element', 'GPU', 'reference', 'difference', 'σ', 'tolerance', 'difference ÷ tolerance', 'relative error']);
  await expect(worst.locator('dd').first()).toHaveText(/^[\w.]+(\[[\d, ]+\])?$/);
  await expect(dialog.getByTestId('hints')).toHaveCount(0);

  await dialog.getByText(/^All \d+ launches/).click();
  const launches = dialog.getByTestId('launch-table').locator('tbody tr');
  expect(await launches.count()).toBeGreaterThan(5);
  await expect(launches.first()).toContainText('matmul-nt');

  await dialog.getByTestId('copy-report-markdown').click();
  await expect(dialog.getByRole('status')).toHaveText('Copy as Markdown: done');
  const markdown = await page.evaluate(() => navigator.clipboard.readText());
  expect(markdown).toContain('0.weight');
  expect(markdown).toMatch(/^\|.*\|$/m);
  expect(markdown).not.toContain('planted');
  await dialog.getByTestId('copy-report-json').click();
  await expect(dialog.getByRole('status')).toHaveText('Copy as JSON: done');
  const json = JSON.parse(await page.evaluate(() => navigator.clipboard.readText())) as { schema: string; step: number; passed: boolean };
  expect(json).toMatchObject({ schema: expect.stringMatching(/^chainrule\/gradient-report\/\d+$/), step: 1, passed: true });
  expect(await lab.faintTexts(dialog)).toEqual([]);

  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(lab.get('verdict')).toBeFocused();
});

test('where copying is not allowed the text is there to copy', async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: { writeText: async () => { throw new Error('no'); } } }));
  const lab = new Lab(page);
  await lab.openAtRest();
  await lab.steps(1);
  await expect(lab.get('verdict')).toBeEnabled({ timeout: 60_000 });
  await lab.get('verdict').click();
  await lab.get('copy-report-markdown').click();
  const text = page.getByRole('textbox', { name: /did not allow copying/ });
  await expect(text).toHaveValue(/0\.weight/);
});

test('a reference that directions confirmed says so, with the probability of a miss', async ({ page }) => {
  const lab = new Lab(page);
  // Only nets of millions of parameters need directions: the report of a small one stands in for theirs.
  await lab.changeWorker(`
    const send = self.postMessage;
    self.postMessage = (event, ...rest) => {
      if (event.type === 'report') {
        const directions = { count: 7, tolerance: 1e-9, worst: 0.2, detectable: 2.5e-8, miss: 3.4e-11 };
        event.report = { ...event.report, tensors: event.report.tensors.map((tensor) => ({ ...tensor, coverage: { method: 'directions', differenced: 40, complexSteps: 0, directions } })) };
      }
      return send.call(self, event, ...rest);
    };`);
  await lab.openAtRest();
  await lab.get('check').click();
  await expect(lab.get('verdict')).toHaveText('✓ 82 of 82 gradients proven', { timeout: 60_000 });
  await lab.get('verdict').click();
  await expect(lab.get('report-table').locator('tbody tr').first()).toContainText('7 random directions and 40 elements; an error of norm 2.5e−8 is missed with probability 3e−11');
});
