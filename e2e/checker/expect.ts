// The suite's few assertions: node:assert prints pages where one line is enough.

/** Throws unless `condition` holds. */
export function expect(condition: boolean, rule: string, got: unknown = ''): void {
  if (!condition) throw new Error(`needs ${rule}, got ${show(got)}`);
}

/** Throws unless both have the same JSON. */
export function expectSame(got: unknown, expected: unknown, what: string): void {
  if (JSON.stringify(got) !== JSON.stringify(expected)) throw new Error(`${what}: needs ${show(expected)}, got ${show(got)}`);
}

/** Throws unless `body` throws an error whose message matches. */
export function expectThrows(body: () => unknown, pattern: RegExp): void {
  try {
    body();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (pattern.test(message)) return;
    throw new Error(`needs an error like ${pattern}, got ${message}`);
  }
  throw new Error(`needs an error like ${pattern}, got none`);
}

function show(value: unknown): string {
  return (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 300);
}
