// What `npm run verify -- --json` prints. Types only: src/lab/verify.ts measures, src/cli/verify.mjs judges.
import type { SelfTestData } from 'chainrule/gradcheck';

/** One check of every parameter's gradient against the float64 reference. */
export interface VerifiedGradients {
  readonly passed: boolean;
  /** The checker's word on all gradients together: `pass`, `kink`, `fail`, `below-noise` … */
  readonly verdict: string;
  /** Gradient elements that were compared, and how many there are. */
  readonly checked: number;
  readonly total: number;
  /** Elements that are proven: checked, right, and not lost in rounding noise. */
  readonly proven: number;
  /** The element that came closest to its bound, or went beyond it. */
  readonly worst: { readonly tensor: string; readonly error: number; readonly allowed: number };
}

/** What the page measured. */
export interface VerifyMeasured {
  /** `SwiftShader (google, software)`. */
  readonly adapter: string;
  /** Every op on small samples, before the training. Numbers that JSON lacks are the strings NaN and Infinity. */
  readonly selfTest: SelfTestData;
  readonly data: { readonly source: 'mnist' | 'digits'; readonly name: string; readonly train: number; readonly test: number };
  readonly net: { readonly layers: string; readonly parameters: number };
  readonly training: {
    readonly optimizer: string;
    readonly learningRate: number;
    readonly batchSize: number;
    readonly epochs: number;
    readonly steps: number;
    readonly seed: number;
    /** The mean over the first and the last epoch. */
    readonly firstLoss: number;
    readonly lastLoss: number;
    readonly seconds: number;
  };
  /** One training step after the first epoch: mean counts, and ms as the median epoch has them. */
  readonly step: {
    readonly ms: number;
    readonly dispatches: number;
    readonly submits: number;
    readonly buffersCreated: number;
    readonly bindGroupsCreated: number;
  };
  readonly gradients: { readonly before: VerifiedGradients; readonly after: VerifiedGradients };
  /** On the test digits, which training never saw; accuracy from 0 to 1. */
  readonly test: { readonly accuracy: number; readonly loss: number };
}

/** The whole answer. Fields may be added within version 1; none changes its meaning. */
export interface VerifyResult {
  readonly schema: 'chainrule/verify/1';
  /** True exactly where `problems` is empty. */
  readonly passed: boolean;
  /** One sentence for each thing that is wrong. */
  readonly problems: readonly string[];
  /** Of the package. */
  readonly version: string;
  /** `chromium 156.0.8078.79`, or null where none started. */
  readonly browser: string | null;
  /** The least accuracy that passes, for the data set that was used. */
  readonly requiredAccuracy: number | null;
  /** Null where the page could not finish. */
  readonly measured: VerifyMeasured | null;
}

/** What the command tells the page. */
export interface VerifyOptions {
  /** The addresses of the four MNIST files, or null for drawn digits. */
  readonly mnist: readonly string[] | null;
}

/** Calls to WebGPU since the page was opened. */
export interface VerifyCounts {
  submits: number;
  dispatches: number;
  buffers: number;
  bindGroups: number;
}
