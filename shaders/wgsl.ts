import { wgsl as preprocess } from 'wgsl-preprocessor/wgsl-preprocessor.js';

/** What a template says before anything stands in its holes. */
interface Template {
  /** For each hole, whether it is the condition of an #if or #elif. */
  readonly conditions: readonly boolean[];
  /** Its texts for the preprocessor; undefined where there is nothing to process. */
  readonly marked?: TemplateStringsArray;
}

/** A template's texts are the same array each time that its line runs: what they say is looked up once. */
const templates = /* @__PURE__ */ new WeakMap<TemplateStringsArray, Template>();

function templateOf(strings: TemplateStringsArray): Template {
  const known = templates.get(strings);
  if (known) return known;
  const conditions = strings.slice(0, -1).map((text) => /#(?:if|elif)\s+$/.test(text));
  // A directive takes its whole line: the mark stands for a line's end that goes with it.
  const marked = strings.map((text, index) => {
    const directives = text.replace(/(#(?:else|endif))[ \t]*\n/g, '$1 \0');
    return conditions[index - 1] ? directives.replace(/^[ \t]*\n/, '') : directives;
  });
  const template = { conditions, ...(strings.some((text) => text.includes('#')) ? { marked: marked as unknown as TemplateStringsArray } : {}) };
  templates.set(strings, template);
  return template;
}

/**
 * The template tag of every shader: wgsl-preprocessor (`#if ${condition}` … `#elif` … `#else` … `#endif`) made strict.
 * The plain tag prints `undefined` and `NaN` into the shader and takes `'false'` for true; this one takes only
 * booleans as conditions and only text or non-negative integers as text. Other numbers go through `float`.
 */
export function wgsl(strings: TemplateStringsArray, ...values: (boolean | string | number)[]): string {
  const { conditions, marked } = templateOf(strings);
  values.forEach((value, index) => {
    if (conditions[index] && typeof value !== 'boolean') {
      throw new TypeError(`wgsl: needs a boolean after #if and #elif, got ${String(value)}`);
    }
    if (!conditions[index] && typeof value !== 'string' && !(typeof value === 'number' && Number.isSafeInteger(value) && value >= 0)) {
      throw new TypeError(`wgsl: needs text or a non-negative integer in a hole, got ${String(value)} after "${(strings[index] ?? '').slice(-30)}"`);
    }
  });
  const text = marked ? preprocess(marked, ...values).replaceAll(' \0', '') : String.raw({ raw: strings }, ...values);
  // Searching for spaces before a line's end tries every run of spaces, and most texts have none.
  const trimmed = /[ \t]$/.test(text) || text.includes(' \n') || text.includes('\t\n') ? text.replace(/[ \t]+$/gm, '') : text;
  return trimmed.replace(/\n{3,}/g, '\n\n').replace(/^\n+/, '');
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
