// What the page and its training worker say to each other. Arrays in events are transferred, not copied.
import type { AdapterFacts, ErrorCode } from 'chainrule';
import type { ReportData } from 'chainrule/gradcheck';
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
  | { readonly type: 'weights'; readonly step: number; readonly hash: string }
  | { readonly type: 'check-progress'; readonly checked: number; readonly total: number; readonly tensor: string }
  | { readonly type: 'report'; readonly step: number; readonly examples: number; readonly report: ReportData }
  /** The check ended without a report. */
  | { readonly type: 'check-failed'; readonly message: string }
  | { readonly type: 'device-lost'; readonly reason: string; /** The step that training goes on from. */ readonly resumedAt: number }
  | { readonly type: 'trouble'; readonly trouble: Trouble };

/** Numbers in one row of telemetry. */
export const TELEMETRY = 3;
