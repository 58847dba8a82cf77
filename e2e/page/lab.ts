import { expect, type Locator, type Page } from 'playwright/test';

/** The built page as a test sees it. Software adapters are slow, so waits are generous and nothing is judged by seconds. */
export class Lab {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  get(id: string): Locator {
    return this.page.getByTestId(id);
  }

  async open(query = ''): Promise<void> {
    await this.page.goto(`./built/${query ? `?${query}` : ''}`);
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

  /** Of the weights at the present step: until it comes, that of an earlier one stands there. */
  async hash(): Promise<string> {
    await expect(this.get('hash')).toHaveAttribute('data-step', String(await this.stepCount()), { timeout: 30_000 });
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
  async changeWorker(script: string, worker: 'main' | 'self-test' = 'main'): Promise<void> {
    await this.page.route(`**/built/assets/${worker}-*.js`, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${script}\n${await response.text()}` });
    });
  }

  /** Texts in `root` whose contrast with what lies behind them is below 4.5, the least for small text (WCAG 1.4.3). */
  async faintTexts(root: Locator): Promise<string[]> {
    return root.evaluate((element) => {
      const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
      const parse = (colour: string): number[] => {
        context.clearRect(0, 0, 1, 1);
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data];
      };
      const luminance = (colour: readonly number[]): number => {
        const [r, g, b] = colour.slice(0, 3).map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
      };
      const behind = (start: Element): number[] => {
        for (let at: Element | null = start; at; at = at.parentElement) {
          const colour = parse(getComputedStyle(at).backgroundColor);
          if (colour[3] === 255) return colour;
        }
        return [255, 255, 255, 255];
      };
      const faint: string[] = [];
      for (const inner of [element, ...element.querySelectorAll('*')]) {
        const own = [...inner.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim());
        // What is disabled need not be read.
        if (!own || !inner.checkVisibility() || inner.closest('button:disabled')) continue;
        const [a, b] = [luminance(parse(getComputedStyle(inner).color)), luminance(behind(inner))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < 4.5) faint.push(`${inner.textContent?.slice(0, 40)}: ${contrast.toFixed(2)}`);
      }
      return faint;
    });
  }

  /** The widths of the page and of what is in it: nothing may stick out. */
  async sticksOut(): Promise<boolean> {
    return this.page.evaluate(() => document.documentElement.scrollWidth > innerWidth
      || [...document.querySelectorAll('dialog[open]')].some((dialog) => dialog.scrollWidth > dialog.clientWidth));
  }

  /** Opens the menu of bugs and plants one. */
  async plant(id: string): Promise<void> {
    await this.get('break-it').click();
    await this.page.locator(`[data-testid="plant"][data-bug="${id}"]`).click({ timeout: 30_000 });
    await expect(this.get('planted')).toHaveAttribute('data-bug', id, { timeout: 30_000 });
    await expect(this.page.getByRole('dialog')).toBeHidden();
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
