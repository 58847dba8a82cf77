// Golden values from PyTorch, which stand beside the repository (SHARED_DIR, default ../shared).

import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'playwright/test';

export interface FixtureTensor { readonly shape: number[]; readonly data: number[] }
export interface Fixture {
  readonly op: string;
  readonly options: Record<string, unknown>;
  readonly inputs: Record<string, FixtureTensor>;
  readonly output: FixtureTensor;
  readonly cotangent: FixtureTensor;
  readonly gradients: Record<string, FixtureTensor>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The cases of one family. Without the file the test is skipped with the reason, or fails where CI=true. */
export function torchFixtures(family: string): Fixture[] {
  const path = resolve(root, process.env.SHARED_DIR ?? '../shared', 'fixtures/torch', `${family}.json`);
  if (!existsSync(path)) {
    if (process.env.CI === 'true') throw new Error(`${path} is missing`);
    test.skip(true, `${path} is missing: set SHARED_DIR`);
  }
  return JSON.parse(readFileSync(path, 'utf8')) as Fixture[];
}
