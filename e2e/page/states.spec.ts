import { expect, test } from '../harness.ts';
import { Lab } from './lab.ts';

test.describe('what can be missing', () => {
  const cases = [
    { name: 'WebGPU', script: 'delete WorkerNavigator.prototype.gpu;', code: 'no-webgpu', text: 'This browser has no WebGPU.' },
    { name: 'an adapter', script: 'GPU.prototype.requestAdapter = async () => null;', code: 'no-adapter', text: 'The browser found no GPU that it may use.' },
    { name: 'a secure origin', script: 'Object.defineProperty(globalThis, "isSecureContext", { value: false });', code: 'insecure-origin', text: 'WebGPU needs https or localhost.' },
    { name: 'the worker itself', script: 'throw new Error("no worker today");', code: 'worker', text: 'The training worker did not start.' },
  ];
  test('each is named, with advice', async ({ page, problems }) => {
    problems.allow(/no worker today/);
    for (const { script, code, text } of cases) {
      const lab = new Lab(page);
      await page.unrouteAll();
      await lab.changeWorker(script);
      await lab.open();
      await lab.reaches('error');
      await expect(lab.get('notice')).toHaveAttribute('data-code', code);
      await expect(lab.get('notice')).toContainText(text);
      await expect(lab.get('toggle')).toBeDisabled();
      // The rest of the page stands.
      await expect(page.getByRole('heading', { name: 'Chainrule' })).toBeVisible();
    }
  });
});

test('a lost device comes back once', async ({ page }) => {
  const lab = new Lab(page);
  await lab.changeWorker(`
    const { requestDevice } = GPUAdapter.prototype;
    let device;
    GPUAdapter.prototype.requestDevice = async function (...options) { return device = await requestDevice.apply(this, options); };
    new BroadcastChannel('lose').onmessage = () => device.destroy();`);
  const lose = (): Promise<void> => page.evaluate(() => new BroadcastChannel('lose').postMessage(''));
  await lab.open();
  await lab.passesStep(50);
  await lose();
  await expect(lab.get('notice')).toHaveAttribute('data-code', 'device-lost', { timeout: 30_000 });
  await expect(lab.get('notice')).toContainText('Training went on from step');
  await lab.reaches('training');
  await lab.passesStep(50);
  await lose();
  await lab.reaches('error');
  await expect(lab.get('notice')).toContainText('The GPU was lost again.');
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
});

test('waits for the reader who wants no motion', async ({ page }) => {
  const lab = new Lab(page);
  await lab.openAtRest();
  await expect(lab.get('state')).toHaveText('Ready. Press Start');
  await expect(page.getByText('Not trained yet')).toBeVisible();
  await expect(page.getByRole('img', { name: /Decision surface at step 0/ })).toBeVisible();
  await lab.get('toggle').click();
  await lab.reaches('training');
  await lab.passesStep(1);
});
