import { computed, signal } from '@preact/signals';
import { en, type TextKey } from './text/en.ts';
import { zh } from './text/zh.ts';

const dictionaries = { en, zh } as const;
export type Lang = keyof typeof dictionaries;

const storageKey = 'chainrule.lang';

function isLang(value: string | null): value is Lang {
  return value === 'en' || value === 'zh';
}

/** `?lang=` beats the stored choice beats the browser's languages. */
function firstLang(): Lang {
  const asked = new URLSearchParams(location.search).get('lang');
  if (isLang(asked)) return asked;
  try {
    const stored = localStorage.getItem(storageKey);
    if (isLang(stored)) return stored;
  } catch {
    // Storage is off: the browser's languages decide.
  }
  const known = navigator.languages.map((name) => name.slice(0, 2).toLowerCase()).find(isLang);
  return known ?? 'en';
}

export const lang = signal<Lang>(firstLang());

export function chooseLang(next: Lang): void {
  lang.value = next;
  try {
    localStorage.setItem(storageKey, next);
  } catch {
    // It holds until the page is closed.
  }
  // The address would beat the choice at the next load.
  const url = new URL(location.href);
  if (url.searchParams.has('lang')) {
    url.searchParams.set('lang', next);
    history.replaceState(history.state, '', url);
  }
}

export type { TextKey };

/** The text for people, with `{name}` filled in. A component that calls it follows the language. */
export function t(key: TextKey, values: Readonly<Record<string, string | number>> = {}): string {
  return dictionaries[lang.value][key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
}

const locale = computed(() => (lang.value === 'zh' ? 'zh-CN' : 'en'));
const numbers = computed(() => new Intl.NumberFormat(locale.value));
const percents = computed(() => new Intl.NumberFormat(locale.value, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 }));

export function count(value: number): string {
  return numbers.value.format(value);
}

export function percent(value: number): string {
  return percents.value.format(value);
}

/** A measured number in at most `digits` significant digits; small and large ones with an exponent. */
export function figure(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  const text = size < 1e-3 || size >= 1e5 ? value.toExponential(digits - 1) : value.toPrecision(digits);
  return text.replace('-', '−').replace('e-', 'e−').replace('e+', 'e');
}
