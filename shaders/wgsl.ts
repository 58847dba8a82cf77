import { wgsl as preprocess } from 'wgsl-preprocessor/wgsl-preprocessor.js';

/**
 * The template tag of every shader: wgsl-preprocessor (`#if ${condition}` … `#elif` … `#else` … `#endif`) made strict.
 * The plain tag prints `undefined` and `NaN` into the shader and takes `'false'` for true; this one takes only
 * booleans as conditions and only text or non-negative integers as text. Other numbers go through `float`.
 */
export function wgsl(strings: TemplateStringsArray, ...values: (boolean | string | number)[]): string {
  values.forEach((value, index) => {
    const isCondition = /#(?:if|elif)\s+$/.test(strings[index] ?? '');
    if (isCondition && typeof value !== 'boolean') {
      throw new TypeError(`wgsl: needs a boolean after #if and #elif, got ${String(value)}`);
    }
    if (!isCondition && typeof value !== 'string' && !(typeof value === 'number' && Number.isSafeInteger(value) && value >= 0)) {
      throw new TypeError(`wgsl: needs text or a non-negative integer in a hole, got ${String(value)} after "${(strings[index] ?? '').slice(-30)}"`);
    }
  });
  // A directive takes its whole line: the mark stands for a line's end that goes with it.
  const marked = strings.map((text, index) => {
    const directives = text.replace(/(#(?:else|endif))[ \t]*\n/g, '$1 \0');
    return /#(?:if|elif)\s+$/.test(strings[index - 1] ?? '') ? directives.replace(/^[ \t]*\n/, '') : directives;
  });
  const text = preprocess(marked as unknown as TemplateStringsArray, ...values);
  return text.replaceAll(' \0', '').replace(/[ \t]+$/gm, '').replace(/\n{3,}/g, '\n\n').replace(/^\n+/, '');
}

/** A number as a WGSL f32 literal: refuses what f32 cannot hold, wraps negatives so that `a-${x}` stays a subtraction. */
export function float(value: number): string {
  if (!Number.isFinite(value) || Math.abs(value) > 3.4028234663852886e38) {
    throw new RangeError(`float: needs a finite f32, got ${value}`);
  }
  const text = Object.is(value, -0) ? '-0.0' : String(value);
  const literal = /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
  return literal.startsWith('-') ? `(${literal})` : literal;
}

/** `text + 2u`; just `text` where nothing is added. */
export function plus(text: string, offset: number): string {
  return offset === 0 ? text : `${text} + ${offset}u`;
}

/** `text * 4u`, with `text` in parentheses where it needs them; just `text` where it is taken once. */
export function times(text: string, factor: number): string {
  if (factor === 1) return text;
  return `${text.includes(' ') ? `(${text})` : text} * ${factor}u`;
}

/** Joins parts with a new line and an indentation: for text that a template repeats. */
export function lines(count: number, line: (index: number) => string, indentation = '  '): string {
  return Array.from({ length: count }, (_, index) => line(index)).join(`\n${indentation}`);
}
