// What the page and its training worker say to each other. Arrays in events are transferred, not copied.
import type { AdapterFacts, ErrorCode } from 'chainrule';
import type { ReportData, Symptom } from 'chainrule/gradcheck';
import type { Config } from './config.ts';

/** From the page. Each is answered by events; `pause`, `step` and `reset` take hold after the step under way. */
export type Command =
  /** Builds the net anew, or only changes the learning rate where nothing else differs. `start`: whether to train at once; absent: as before. */
  | { readonly type: 'configure'; readonly config: Config; readonly start?: boolean }
  | { readonly type: 'start' }
  | { readonly type: 'pause' }
  | { readonly type: 'step'; readonly count: number }
  | { readonly type: 'reset' }
  | { readonly type: 'check' }
  /** Asks which bugs can be planted in the present net. */
  | { readonly type: 'bugs' }
  /** Goes on from the present weights with a bug in the kernels: answered by `planted`, and soon by a report. */
  | { readonly type: 'plant'; readonly id: string }
  /** Goes on from the present weights with the right kernels. */
  | { readonly type: 'repair' }
  /** Steps wait while something else wants the GPU; nothing else changes. */
  | { readonly type: 'hold'; readonly on: boolean }
  | { readonly type: 'files'; readonly files: readonly File[] };

/** `ready`: no step taken yet. `training`: steps run. `paused`: they stopped. `diverged`: the loss was not finite. */
export type RunState = 'ready' | 'training' | 'paused' | 'diverged';

/** Examples to draw, as many as a picture holds. */
export type Sample =
  | { readonly kind: 'points'; readonly inputs: Float32Array; readonly labels: Uint32Array; readonly classes: number; readonly view: View }
  | { readonly kind: 'curve'; readonly inputs: Float32Array; readonly targets: Float32Array; readonly view: View }
  | { readonly kind: 'images'; readonly side: number; readonly pixels: Uint8Array; readonly labels: Uint32Array; readonly classes: number };

/** The part of the plane that a picture shows. */
export interface View {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
}

/** A net that has just been built: whatever follows is about it. */
export interface RunFacts {
  readonly config: Config;
  readonly dataTitle: string;
  readonly layers: readonly number[];
  readonly parameters: number;
  readonly trainExamples: number;
  readonly testExamples: number;
  /** The loss of guessing: ln C for classes, the variance of the targets for a curve. */
  readonly guessing: number;
  readonly sample: Sample;
}

/** A bug of the proof records that can be planted in a net's kernels. */
export interface Bug {
  readonly id: string;
  /** What is wrong with it, in English: as the proof record has it. */
  readonly name: string;
  /** The kernels that it changes, and what they do in this net. */
  readonly kernels: readonly string[];
  readonly launches: readonly string[];
  /** The text of the kernel, and what it becomes. */
  readonly find: string;
  readonly replace: string;
  /** The explanations that would be right for it. */
  readonly symptoms: readonly Symptom[];
}

/** A report with what it is about. */
export interface CheckedStep {
  readonly step: number;
  readonly examples: number;
  readonly report: ReportData;
  /** The whole report for an issue, and for tools. */
  readonly markdown: string;
  readonly json: string;
  /** The bug that was planted in the kernels that it judges. */
  readonly planted?: Bug;
}

/** An error as plain data: the parts of a ChainruleError, or `unexpected`. */
export interface Trouble {
  readonly code: ErrorCode | 'unexpected';
  readonly message: string;
  readonly advice: string;
  /** `fatal`: nothing runs any more. `refused`: what was asked for was not done; what ran goes on. `stopped`: training stopped. */
  readonly effect: 'fatal' | 'refused' | 'stopped';
}

export type Event =
  | { readonly type: 'adapter'; readonly facts: AdapterFacts }
  | { readonly type: 'compiling'; readonly done: number; readonly total: number }
  | { readonly type: 'run'; readonly facts: RunFacts }
  /** The settings of the present net: the answer to a `configure` that built none. */
  | { readonly type: 'config'; readonly config: Config }
  | { readonly type: 'state'; readonly state: RunState; readonly step: number; /** Where training will stop by itself. */ readonly until: number }
  /** Rows of `TELEMETRY` numbers: step, loss, accuracy (NaN where there is none). */
  | { readonly type: 'telemetry'; readonly rows: Float32Array }
  /** Points: probabilities, grid × grid × classes from the bottom left. Curve: one output for each of `grid` inputs. Images: probabilities, sample × classes. */
  | { readonly type: 'picture'; readonly step: number; readonly grid: number; readonly values: Float32Array }
  | { readonly type: 'evaluation'; readonly step: number; readonly loss: number; readonly accuracy: number | undefined; readonly examples: number }
  /** `tainted`: a planted bug had a part in them. */
  | { readonly type: 'weights'; readonly step: number; readonly hash: string; readonly tainted: boolean }
  | { readonly type: 'bugs'; readonly bugs: readonly Bug[] }
  /** Which bug is in the kernels from `step` on; none: they are right. `lost`: the new net has no place for it. */
  | { readonly type: 'planted'; readonly bug?: Bug; readonly step: number; readonly lost?: boolean }
  | { readonly type: 'check-progress'; readonly checked: number; readonly total: number; readonly tensor: string }
  | { readonly type: 'report' } & CheckedStep
  /** The check ended without a report. */
  | { readonly type: 'check-failed'; readonly message: string }
  | { readonly type: 'device-lost'; readonly reason: string; /** The step that training goes on from. */ readonly resumedAt: number }
  | { readonly type: 'trouble'; readonly trouble: Trouble };

/** Numbers in one row of telemetry. */
export const TELEMETRY = 3;
