import type { ReportData } from './report-data.ts';
import type { TensorReport } from './verdict.ts';

/** A column of the table of tensors: its title, and what stands there for one tensor. */
interface Column {
  readonly title: string;
  readonly isNumber: boolean;
  readonly cell: (tensor: TensorReport) => string;
}

const WORDS: readonly Column[] = [
  { title: 'gradient', isNumber: false, cell: ({ name }) => name },
  { title: 'shape', isNumber: false, cell: ({ shape }) => `[${shape.join(', ')}]` },
  { title: 'verdict', isNumber: false, cell: ({ verdict }) => verdict },
];
/** What is off, in the order of what it says: σ, bits, how much of the tolerance is used, norms, the textbook's figure. */
const NUMBERS: readonly Column[] = [
  { title: 'worst σ', isNumber: true, cell: ({ worst, worstSigma }) => (worst ? margin(worstSigma) : '–') },
  { title: 'bits', isNumber: true, cell: ({ bits }) => (Number.isFinite(bits) ? bits.toFixed(1) : '–') },
  { title: 'worst/tolerance', isNumber: true, cell: ({ worst }) => (worst ? margin(worst.margin) : '–') },
  { title: 'ratio', isNumber: true, cell: ({ ratio }) => (Number.isFinite(ratio) ? ratio.toFixed(6) : '–') },
  { title: 'cosine', isNumber: true, cell: ({ cosine }) => (Number.isNaN(cosine) ? '–' : cosine.toFixed(6)) },
  { title: 'relative error', isNumber: true, cell: ({ worst }) => (worst ? number(worst.relativeError) : '–') },
];

/** The table of a report's gradients: titles, whether a column holds numbers, and the cells of each tensor. */
export function tensorTable({ tensors }: Pick<ReportData, 'tensors'>): { titles: string[]; isNumber: boolean[]; rows: string[][] } {
  const columns: Column[] = [
    ...WORDS,
    { title: 'passed', isNumber: true, cell: ({ passed, count: all }) => `${count(passed)}/${count(all)}` },
    // Shown only where there are any: elements that passed, but are too small for that to say anything, those beside a kink,
    // and those whose reference is in doubt.
    ...(tensors.some(({ belowNoise }) => belowNoise > 0) ? [{ title: 'below noise', isNumber: true, cell: ({ belowNoise }: TensorReport) => count(belowNoise) }] : []),
    ...(tensors.some(({ kink }) => kink > 0) ? [{ title: 'kinks', isNumber: true, cell: ({ kink }: TensorReport) => count(kink) }] : []),
    ...(tensors.some(({ suspect }) => suspect > 0) ? [{ title: 'suspect', isNumber: true, cell: ({ suspect }: TensorReport) => count(suspect) }] : []),
    ...NUMBERS,
  ];
  return {
    titles: columns.map(({ title }) => title), isNumber: columns.map(({ isNumber }) => isNumber),
    rows: tensors.map((tensor) => columns.map(({ cell }) => cell(tensor))),
  };
}

export function count(value: number): string {
  return value.toLocaleString('en-US');
}

export function margin(value: number): string {
  return value < 1000 ? value.toFixed(3) : Number.isFinite(value) ? value.toExponential(2) : '∞';
}

/** At most `digits` digits, or an exponent where the number is very small or has more before its point. */
export function number(value: number, digits = 6): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 1e-3 && size < 10 ** digits ? String(Number(value.toPrecision(digits))) : value.toExponential(2);
}
