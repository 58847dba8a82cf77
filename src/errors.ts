/** What went wrong, in one word that code can test. Texts may change between versions, codes do not. */
export type ErrorCode =
  | 'shape'
  | 'data'
  | 'option'
  | 'format'
  | 'limit'
  | 'memory'
  | 'state'
  | 'busy'
  | 'disposed'
  | 'aborted'
  | 'diverged'
  | 'gradients'
  | 'gpu'
  | 'device-lost'
  | 'no-webgpu'
  | 'insecure-origin'
  | 'no-adapter';

/**
 * Every error that Chainrule throws. The message reads `<who>: needs <rule>, got <what>. <what to do>`.
 * `code` is stable; `who`, `rule`, `got` and `advice` are the parts of the message.
 */
export class ChainruleError extends Error {
  readonly code: ErrorCode;
  readonly who: string;
  readonly rule: string;
  readonly got: string;
  readonly advice: string;

  constructor(code: ErrorCode, who: string, rule: string, got: string, advice = '') {
    super(`${who}: needs ${rule}, got ${got}.${advice ? ` ${advice}` : ''}`);
    this.name = 'ChainruleError';
    this.code = code;
    this.who = who;
    this.rule = rule;
    this.got = got;
    this.advice = advice;
  }
}

/** Shapes that do not fit together. */
export class ShapeError extends ChainruleError {
  override readonly name: string = 'ShapeError';
  constructor(who: string, rule: string, got: string, advice = '') {
    super('shape', who, rule, got, advice);
  }
}

/** Data that cannot be used: empty, not finite, a label out of range, a wrong array type. */
export class DataError extends ChainruleError {
  override readonly name: string = 'DataError';
  constructor(who: string, rule: string, got: string, advice = '') {
    super('data', who, rule, got, advice);
  }
}

/** An option that is unknown or out of range. */
export class OptionError extends ChainruleError {
  override readonly name: string = 'OptionError';
  constructor(who: string, rule: string, got: string, advice = '') {
    super('option', who, rule, got, advice);
  }
}

/** A file that does not follow its format. */
export class FormatError extends ChainruleError {
  override readonly name: string = 'FormatError';
  constructor(who: string, rule: string, got: string, advice = '') {
    super('format', who, rule, got, advice);
  }
}

/** More than the device can hold or address. */
export class LimitError extends ChainruleError {
  override readonly name: string = 'LimitError';
  constructor(who: string, rule: string, got: string, advice = '') {
    super('limit', who, rule, got, advice);
  }
}

/** WebGPU is missing, an adapter is missing, or the GPU reported an error. */
export class GpuError extends ChainruleError {
  override readonly name: string = 'GpuError';
}

/** The device is gone: the driver was reset, the GPU process ended, or somebody destroyed the device. */
export class DeviceLostError extends GpuError {
  override readonly name: string = 'DeviceLostError';
  /** WebGPU's reason: `destroyed` or `unknown`. */
  readonly reason: string;
  constructor(who: string, reason: string, message: string) {
    super('device-lost', who, 'a live GPU device', `a lost one (${reason}${message ? `: ${message}` : ''})`,
      'Open a new device and load the last saved state.');
    this.reason = reason;
  }
}

/** A value as it may stand in a message: one line, control and direction characters removed, at most 60 characters. */
export function show(value: unknown): string {
  let text: string;
  if (typeof value === 'string') text = `"${value}"`;
  else if (typeof value === 'function') text = `function ${value.name || '(unnamed)'}`;
  else if (ArrayBuffer.isView(value)) text = `${value.constructor.name}(${(value as Uint8Array).length})`;
  else if (Array.isArray(value)) text = `[${value.slice(0, 8).map(show).join(', ')}${value.length > 8 ? ', …' : ''}]`;
  else if (value !== null && typeof value === 'object') text = value.constructor?.name ?? 'object';
  else text = String(value);
  // Cc: control, Cf: direction marks and other invisible characters, Zl and Zp: line and paragraph separators.
  text = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** Refuses what is no object of names: nothing would be found in a list or a Map, so that it would be ignored in silence. */
export function checkObject(who: string, rule: string, value: unknown): asserts value is object {
  if (value === null || typeof value !== 'object' || Symbol.iterator in value) throw new OptionError(who, rule, show(value));
}

/** Refuses option names that are not in `known`: a misspelt option must not be ignored in silence. */
export function checkOptionNames(who: string, options: object, known: readonly string[]): void {
  checkObject(who, `an object with options among ${known.join(', ')}`, options);
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new OptionError(who, `options among ${known.length > 0 ? known.join(', ') : '(none)'}`, `an unknown option ${show(name)}`);
    }
  }
}

/** The largest f32, and the smallest that no adapter takes for 0. */
const FLOAT32 = { largest: 3.4028234663852886e38, smallest: 2 ** -126 };

/**
 * A number option with its rule checked: returns the value, or throws an OptionError that names the option. `float32` is
 * for numbers that go to the GPU: there 1e39 would be infinite and 1e-50 would be 0.
 */
export function checkNumber(
  who: string,
  name: string,
  value: unknown,
  rule: { min?: number; max?: number; above?: number; below?: number; integer?: boolean; float32?: boolean } = {},
): number {
  const { min, max, above, below, integer } = rule;
  const parts = [
    ...(min !== undefined ? [`≥ ${min}`] : []), ...(above !== undefined ? [`> ${above}`] : []),
    ...(max !== undefined ? [`≤ ${max}`] : []), ...(below !== undefined ? [`< ${below}`] : []),
  ];
  const fits = typeof value === 'number' && Number.isFinite(value)
    && (!integer || Number.isSafeInteger(value))
    && (min === undefined || value >= min) && (max === undefined || value <= max)
    && (above === undefined || value > above) && (below === undefined || value < below);
  if (!fits) {
    throw new OptionError(who, `${name} to be ${integer ? 'an integer' : 'a finite number'}${parts.length > 0 ? ` ${parts.join(' and ')}` : ''}`, show(value));
  }
  const size = Math.abs(value as number);
  if (rule.float32 && size !== 0 && !(size >= FLOAT32.smallest && size <= FLOAT32.largest)) {
    throw new OptionError(who, `${name} to be a number that float32 holds (0, or between 1.2e-38 and 3.4e38)`, show(value));
  }
  return value as number;
}
