import type { Ceilings } from '../gpu/ceilings.ts';
import type { TimingMethod } from '../gpu/timing.ts';

/** One launch of a step and what it cost. */
export interface ProfiledLaunch {
  /** `forward`, `backward`, `update` and so on. */
  readonly section: string;
  /** Who asked for it: `0.forward`, `loss.forward`, `optimizer`. */
  readonly label: string;
  /** The kernel with its variant: `matmul-nt/register`. */
  readonly kernel: string;
  /** On the GPU. */
  readonly microseconds: number;
  /** Read and written: the tensors that it binds, an updated one twice. Where it reads a part of a tensor, more than it really moves. */
  readonly bytes: number;
  /** Floating-point operations, a multiply-add as two. */
  readonly flops: number;
  readonly gigaflopsPerSecond: number;
  readonly gigabytesPerSecond: number;
  /** How near it is to the adapter's measured ceilings: the larger of its two rates' shares, 1 at the ceiling. Beyond it where tensors stay in a cache. */
  readonly ofCeiling: number;
}

/** A trace in Chrome's format: `JSON.stringify` it into a file that chrome://tracing or ui.perfetto.dev opens. */
export interface ChromeTrace {
  readonly traceEvents: readonly ChromeTraceEvent[];
  readonly displayTimeUnit: 'ms';
  readonly otherData: Readonly<Record<string, string | number>>;
}

export interface ChromeTraceEvent {
  readonly name: string;
  /** `X`: a span, with its start and length in microseconds. `M`: names a row. */
  readonly ph: 'X' | 'M';
  readonly pid: number;
  readonly tid: number;
  readonly cat?: string;
  readonly ts?: number;
  readonly dur?: number;
  readonly args: Readonly<Record<string, string | number>>;
}

/** What a profile is made of. */
export interface ProfileParts {
  readonly adapter: string;
  readonly method: TimingMethod;
  readonly ceilings: Ceilings;
  readonly stepMicroseconds: number;
  readonly launches: readonly Pick<ProfiledLaunch, 'section' | 'label' | 'kernel' | 'microseconds' | 'bytes' | 'flops'>[];
}

/** Where the time of one training step goes. */
export class Profile {
  /** For people: `SwiftShader (google, software)`. */
  readonly adapter: string;
  /** How launches were timed: by the GPU's timestamps, or by repeating each until the host's clock could tell. */
  readonly method: TimingMethod;
  /** What the adapter does at most, measured by a kernel of multiply-adds and one that copies. */
  readonly ceilings: Ceilings;
  /** In the order of the step. */
  readonly launches: readonly ProfiledLaunch[];
  /** All launches of a step together, in one pass as training runs them, by the host's clock. */
  readonly stepMicroseconds: number;

  constructor({ adapter, method, ceilings, stepMicroseconds, launches }: ProfileParts) {
    this.adapter = adapter;
    this.method = method;
    this.ceilings = ceilings;
    this.stepMicroseconds = stepMicroseconds;
    this.launches = launches.map((launch) => {
      // A launch that no clock has seen has no rate.
      const perSecond = (amount: number): number => (launch.microseconds > 0 ? amount / launch.microseconds / 1000 : 0);
      const [gigaflopsPerSecond, gigabytesPerSecond] = [perSecond(launch.flops), perSecond(launch.bytes)];
      return {
        ...launch, gigaflopsPerSecond, gigabytesPerSecond,
        ofCeiling: Math.max(gigaflopsPerSecond / ceilings.gigaflopsPerSecond, gigabytesPerSecond / ceilings.gigabytesPerSecond),
      };
    });
  }

  /** The sum over all launches. */
  get microseconds(): number {
    return sum(this.launches, 'microseconds');
  }

  /** One row for each section; launches follow each other without gaps, for only their lengths were measured. */
  toChromeTrace(): ChromeTrace {
    const sections = [...new Set(this.launches.map(({ section }) => section))];
    const named = (name: string, tid: number, to: string): ChromeTraceEvent => ({ name, ph: 'M', pid: 1, tid, args: { name: to } });
    let at = 0;
    return {
      traceEvents: [
        named('process_name', 0, this.adapter),
        ...sections.map((section, index) => named('thread_name', index + 1, section)),
        ...this.launches.map(({ section, label, kernel, microseconds, bytes, flops, gigaflopsPerSecond, gigabytesPerSecond, ofCeiling }): ChromeTraceEvent => {
          at += microseconds;
          return {
            name: `${label} (${kernel})`, ph: 'X', cat: section, pid: 1, tid: sections.indexOf(section) + 1, ts: at - microseconds, dur: microseconds,
            args: { label, kernel, bytes, flops, 'GFLOP/s': gigaflopsPerSecond, 'GB/s': gigabytesPerSecond, '% of ceiling': 100 * ofCeiling },
          };
        }),
      ],
      displayTimeUnit: 'ms',
      otherData: {
        adapter: this.adapter, method: this.method, 'step µs': this.stepMicroseconds,
        'ceiling GFLOP/s': this.ceilings.gigaflopsPerSecond, 'ceiling GB/s': this.ceilings.gigabytesPerSecond,
      },
    };
  }

  /** A table of all launches, the longest first, and a line for each section. */
  toString(): string {
    const { adapter, method, ceilings, launches, microseconds, stepMicroseconds } = this;
    const share = (part: number): string => (microseconds > 0 ? `${(100 * part / microseconds).toFixed(1)} %` : '–');
    const row = (launch: ProfiledLaunch): string[] => [
      launch.microseconds.toFixed(1), share(launch.microseconds), launch.gigaflopsPerSecond.toFixed(2), launch.gigabytesPerSecond.toFixed(2), `${(100 * launch.ofCeiling).toFixed(0)} %`,
      launch.section, launch.label, launch.kernel,
    ];
    const rows = [['µs', 'share', 'GFLOP/s', 'GB/s', 'of ceiling', 'section', 'label', 'kernel'], ...launches.toSorted((a, b) => b.microseconds - a.microseconds).map(row)];
    const sections = [...new Set(launches.map(({ section }) => section))].map((section) => {
      const own = launches.filter((launch) => launch.section === section);
      return `${section}: ${sum(own, 'microseconds').toFixed(1)} µs (${share(sum(own, 'microseconds'))}) in ${own.length} ${own.length === 1 ? 'launch' : 'launches'}`;
    });
    return [
      `${adapter}: ${launches.length} launches, ${microseconds.toFixed(1)} µs one by one, ${stepMicroseconds.toFixed(1)} µs together; timed by ${method}`,
      `ceilings: ${ceilings.gigaflopsPerSecond.toFixed(1)} GFLOP/s, ${ceilings.gigabytesPerSecond.toFixed(1)} GB/s`,
      ...sections, '', ...aligned(rows),
    ].join('\n');
  }
}

const sum = (launches: readonly ProfiledLaunch[], of: 'microseconds'): number => launches.reduce((total, launch) => total + launch[of], 0);

/** Columns of one width each: numbers at the right, the last three, which are words, at the left. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  return rows.map((cells) => cells.map((cell, column) => (column < cells.length - 3 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join('  ').trimEnd());
}
