// The precision ratchet: how exact each kernel was when its row was written, and what has become worse since.

/** A kernel's worst sample. */
export interface PrecisionRow {
  /** The largest |GPU − reference|/σ. */
  readonly worstSigma: number;
  /** Where: op, sample, forced variants and tensor. */
  readonly sample: string;
}

/** Rows by kernel, with its variant. */
export type PrecisionTable = Readonly<Record<string, PrecisionRow>>;

/** Tables by adapter and browser: `SwiftShader (google, software), chromium 156`. */
export type PrecisionFile = Readonly<Record<string, PrecisionTable>>;

/** Below this a kernel is far better than it need be, and its figure is noise. In standard deviations. */
const FLOOR = 0.25;

const UPDATE = 'UPDATE_PRECISION=1 npm test -- e2e/gpu/precision.spec.ts writes what is right now: look at the difference.';

export function keyOf(adapter: string, browser: string): string {
  return `${adapter}, ${browser}`;
}

/**
 * The table to compare with: that of this adapter and browser, else of the newest version of this browser on this adapter.
 * Undefined where the adapter is unknown.
 */
export function baselineOf(file: PrecisionFile, adapter: string, browser: string): { key: string; table: PrecisionTable; exact: boolean } | undefined {
  const key = keyOf(adapter, browser);
  if (Object.hasOwn(file, key)) return { key, table: file[key]!, exact: true };
  const name = browser.replace(/ \d+$/, '');
  const major = (candidate: string): number => Number(/ (\d+)$/.exec(candidate)?.[1] ?? 0);
  const [newest] = Object.keys(file).filter((candidate) => candidate.startsWith(keyOf(adapter, `${name} `))).toSorted((a, b) => major(b) - major(a));
  return newest === undefined ? undefined : { key: newest, table: file[newest]!, exact: false };
}

/** Every kernel that became twice as inexact, that has no row, or that left one behind: a sentence each. */
export function regressions(before: PrecisionTable, after: PrecisionTable): string[] {
  const problems: string[] = [];
  for (const [kernel, { worstSigma, sample }] of Object.entries(after)) {
    const row = Object.hasOwn(before, kernel) ? before[kernel]! : undefined;
    if (!row) problems.push(`${kernel}: has no row yet; ${show(worstSigma)} now at ${sample}. ${UPDATE}`);
    // Written so that NaN and Infinity fail.
    else if (!(worstSigma <= 2 * Math.max(row.worstSigma, FLOOR))) {
      problems.push(`${kernel}: its worst error has more than doubled, from ${show(row.worstSigma)} (${row.sample}) to ${show(worstSigma)} at ${sample}`);
    }
  }
  for (const kernel of Object.keys(before)) {
    if (!Object.hasOwn(after, kernel)) problems.push(`${kernel}: has a row, but no sample runs it. ${UPDATE}`);
  }
  return problems;
}

/** The file with this adapter's table replaced; keys and kernels in order, so that differences are small. */
export function updated(file: PrecisionFile, key: string, table: PrecisionTable): PrecisionFile {
  const rounded = Object.fromEntries(Object.entries(table).map(([kernel, { worstSigma, sample }]) => [kernel, { worstSigma: Number(worstSigma.toPrecision(3)), sample }]));
  return sorted({ ...file, [key]: sorted(rounded) });
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function show(sigma: number): string {
  return `${sigma.toPrecision(3)} σ`;
}
