import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { FullConfig, FullResult, Reporter, Suite, TestCase, TestError, TestResult } from 'playwright/types/testReporter';

const folder = fileURLToPath(new URL('.', import.meta.url));
const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

export type Verdict = 'passed' | 'failed' | 'skipped';

/** How a test counts, and why where that is not plain. Whatever is not known to be right has failed. */
export function judge(outcome: ReturnType<TestCase['outcome']>, annotations: readonly { type: string; description?: string }[]): [Verdict, string] {
  if (outcome === 'expected') return ['passed', ''];
  if (outcome === 'flaky') return ['failed', 'passed only on another try'];
  if (outcome === 'unexpected') return ['failed', ''];
  const skip = annotations.find(({ type }) => type === 'skip' || type === 'fixme');
  // Playwright also calls a test skipped that never ran because one before it failed.
  if (!skip) return ['failed', 'did not run'];
  return skip.description ? ['skipped', skip.description] : ['failed', 'skipped without a reason'];
}

/** A line for each file, each failure with its error, each skipped test with its reason; then the totals. */
export default class ChainruleReporter implements Reporter {
  readonly #totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  readonly #files = new Map<string, { left: number; passed: number; failed: number; skipped: number; ms: number }>();
  readonly #failed: string[] = [];
  readonly #ended = new Set<string>();
  #all: readonly TestCase[] = [];
  #adapter = '';

  printsToStdio(): boolean {
    return true;
  }

  onBegin(_config: FullConfig, suite: Suite): void {
    this.#all = suite.allTests();
    for (const test of this.#all) {
      const file = this.#file(test);
      if (!this.#files.has(file)) this.#files.set(file, { left: 0, passed: 0, failed: 0, skipped: 0, ms: 0 });
      this.#files.get(file)!.left++;
    }
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    const adapter = result.annotations.find(({ type }) => type === 'adapter')?.description;
    if (adapter && adapter !== this.#adapter) {
      this.#adapter = adapter;
      this.#print(`adapter: ${adapter}`);
    }
    this.#count(test, result.annotations, result.errors, result.duration);
  }

  onError(error: TestError): void {
    this.#totals.failed++;
    this.#failed.push(`outside a test: ${this.#firstLine(error)}`);
    this.#print(`FAIL  outside a test\n${this.#text(error)}`);
  }

  onStdOut(chunk: string | Buffer): void {
    process.stdout.write(this.#plain(String(chunk)));
  }

  onStdErr(chunk: string | Buffer): void {
    process.stderr.write(this.#plain(String(chunk)));
  }

  onEnd(result: FullResult): void {
    // A run that was cut short leaves tests that nobody reported.
    for (const test of this.#all) if (!this.#ended.has(test.id)) this.#count(test, [], [], 0);
    if (result.status !== 'passed' && this.#totals.failed === 0) {
      this.#totals.failed++;
      this.#failed.push(`the run ended as ${result.status}`);
    }
    if (this.#failed.length > 0) this.#print(`\nFailed:\n${this.#failed.map((name) => `  ${name}`).join('\n')}`);
    const { passed, failed, skipped } = this.#totals;
    const target = process.env.CHAINRULE_TOTALS;
    if (target) writeFileSync(target, JSON.stringify(this.#totals));
    else this.#print(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  }

  #count(test: TestCase, annotations: TestResult['annotations'], errors: readonly TestError[], ms: number): void {
    this.#ended.add(test.id);
    const [verdict, reason] = judge(test.outcome(), [...annotations, ...test.annotations]);
    const file = this.#file(test);
    const name = `${file}:${test.location.line} ${test.titlePath().slice(3).join(' › ')}`;
    this.#totals[verdict]++;
    if (verdict === 'failed') {
      this.#failed.push(name + (reason ? ` (${reason})` : ''));
      this.#print([`FAIL  ${name}${reason ? `: ${reason}` : ''}`, ...errors.map((error) => this.#text(error))].join('\n'));
    }
    if (verdict === 'skipped') this.#print(`skip  ${name}: ${reason}`);

    const state = this.#files.get(file)!;
    state.left--;
    state[verdict]++;
    state.ms += ms;
    if (state.left > 0) return;
    const others = [state.failed ? `, ${state.failed} failed` : '', state.skipped ? `, ${state.skipped} skipped` : ''].join('');
    this.#print(`${state.failed ? 'FAIL' : 'ok  '}  ${file}  ${state.passed} passed${others}, ${(state.ms / 1000).toFixed(1)} s`);
  }

  #file(test: TestCase): string {
    return relative(folder, test.location.file).replaceAll('\\', '/');
  }

  #firstLine(error: TestError): string {
    return (error.message ?? error.value ?? 'no message').replace(escapes, '').split('\n')[0];
  }

  #text(error: TestError): string {
    return [error.stack ?? error.message ?? error.value ?? 'no message', error.snippet ?? ''].filter(Boolean).join('\n').replace(/^(?=.)/gm, '      ');
  }

  #print(text: string): void {
    console.log(this.#plain(text));
  }

  #plain(text: string): string {
    return process.stdout.isTTY ? text : text.replace(escapes, '');
  }
}
