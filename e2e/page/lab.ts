import { expect, type Locator, type Page } from 'playwright/test';

/** The page as a test sees it. Software adapters are slow, so waits are generous and nothing is judged by seconds. */
export class Lab {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  get(id: string): Locator {
    return this.page.getByTestId(id);
  }

  async open(query = ''): Promise<void> {
    await this.page.goto(query ? `./?${query}` : './');
  }

  async reaches(state: 'loading' | 'ready' | 'training' | 'paused' | 'diverged' | 'error', timeout = 60_000): Promise<void> {
    await expect(this.page.locator('html')).toHaveAttribute('data-state', state, { timeout });
  }

  async stepCount(): Promise<number> {
    return Number(await this.get('step-count').getAttribute('data-step'));
  }

  async passesStep(least: number): Promise<void> {
    await expect.poll(() => this.stepCount(), { timeout: 60_000 }).toBeGreaterThanOrEqual(least);
  }

  /** Pauses, and waits for the weights' hash, which comes last. */
  async pause(): Promise<void> {
    await this.get('toggle').click();
    await this.reaches('paused');
  }

  /** Of the weights at the present step. */
  async hash(): Promise<string> {
    await expect(this.get('hash')).toBeVisible({ timeout: 30_000 });
    return (await this.get('hash').getAttribute('data-hash')) ?? '';
  }

  async steps(count: number): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      const before = await this.stepCount();
      await this.get('step').click();
      await expect.poll(() => this.stepCount()).toBe(before + 1);
    }
  }

  /** Ready, untrained, with nothing moving: for tests that count steps. */
  async openAtRest(): Promise<void> {
    await this.page.emulateMedia({ reducedMotion: 'reduce' });
    await this.open();
    await this.reaches('ready');
  }

  async set(field: string, value: string): Promise<void> {
    await this.get(field).fill(value);
    await this.get(field).press('Enter');
  }

  async chooseData(name: string): Promise<void> {
    await this.page.locator(`input[name="data"][value="${name}"]`).click();
  }

  /**
   * Changes the training worker's WebGPU before its own code runs: only there can a missing browser feature be imitated,
   * because a worker has its own navigator, and Chrome has no flag that removes it.
   */
  async changeWorker(script: string): Promise<void> {
    await this.page.route('**/src/lab/worker/main.ts*', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${script}\n${await response.text()}` });
    });
  }

  /** Drops files on the window as a person would. */
  async drop(files: readonly { readonly name: string; readonly bytes: Uint8Array }[]): Promise<void> {
    const sent = files.map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString('base64') }));
    const dataTransfer = await this.page.evaluateHandle((list) => {
      const transfer = new DataTransfer();
      for (const { name, base64 } of list) transfer.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
      return transfer;
    }, sent);
    await this.page.dispatchEvent('body', 'dragover', { dataTransfer });
    await this.page.dispatchEvent('body', 'drop', { dataTransfer });
  }
}
