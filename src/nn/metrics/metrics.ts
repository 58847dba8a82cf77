import { REGRESSION_VALUES } from '../../../shaders/metrics.wgsl.ts';
import { checkNumber, checkOptionNames, OptionError, show } from '../../errors.ts';
import { classesOf, confusionCounter, kindOf, regressionCounter, surpriseCounter, topKCounter, type Counter, type MetricSetting } from './counter.ts';

/** A number, or for confusionMatrix rows of counts. */
export type MetricValue = number | readonly (readonly number[])[];

/**
 * What `evaluate` measures beside the loss: `evaluate(data, { metrics: [f1(), topK(5)] })`. The counts stay on the GPU until the last batch is
 * through; one readback follows.
 */
export interface Metric {
  /** Its key in the result. */
  readonly name: string;
  /** What it counts; throws an OptionError where the loss is of another kind. */
  counter(setting: MetricSetting): Counter;
  /** The value, from the counts over `examples` examples. */
  finish(counts: Float32Array | Uint32Array, examples: number, setting: MetricSetting): MetricValue;
}

/** 0 where nothing was counted, as scikit-learn has it. */
const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

function named(who: string, options: { readonly name?: string }, known: readonly string[]): string {
  checkOptionNames(who, options, ['name', ...known]);
  const { name = who } = options;
  if (typeof name !== 'string' || name === '') throw new OptionError(who, 'name as a text', show(name));
  return name;
}

/** The share of examples whose largest output is the target's class, or of outputs on the right side of 0 for losses that say yes or no. */
export function accuracy(options: { readonly name?: string } = {}): Metric {
  const name = named('accuracy', options, []);
  const isSign = (setting: MetricSetting): boolean => kindOf('accuracy', setting) === 'signs';
  return {
    name,
    counter: (setting) => (isSign(setting) ? confusionCounter('accuracy', setting) : topKCounter('accuracy', setting, 1)),
    finish: (counts, _examples, setting) => (isSign(setting) ? ratio(counts[0]! + counts[3]!, counts[0]! + counts[1]! + counts[2]! + counts[3]!) : ratio(counts[0]!, counts[1]!)),
  };
}

/** The share of examples whose class is among the k largest outputs. Named `top5` for k = 5. */
export function topK(k: number): Metric {
  checkNumber('topK', 'k', k, { integer: true, min: 1 });
  return { name: `top${k}`, counter: (setting) => topKCounter('topK', setting, k), finish: (counts) => ratio(counts[0]!, counts[1]!) };
}

/** counts[target class][predicted class]. */
export function confusionMatrix(options: { readonly name?: string } = {}): Metric {
  return {
    name: named('confusionMatrix', options, []),
    counter: (setting) => confusionCounter('confusionMatrix', setting),
    finish: (counts, _examples, setting) => {
      const classes = classesOf('confusionMatrix', setting);
      return Array.from({ length: classes }, (_, row) => [...counts.subarray(row * classes, (row + 1) * classes)]);
    },
  };
}

export interface AverageOptions {
  /**
   * `binary`: of class 1 of two. `macro`: the mean over the classes that occur, among targets or predictions. `micro`: of all examples
   * together, which for classes that exclude each other is the accuracy. Default `binary` for two classes, else `macro`.
   */
  readonly average?: 'binary' | 'macro' | 'micro';
  /** Its key in the result. Default the function's name. */
  readonly name?: string;
}

/** Of one class: found rightly, found wrongly, missed. */
interface Found {
  readonly right: number;
  readonly wrong: number;
  readonly missed: number;
}

/** A number made of right, wrong and missed examples, averaged over classes. scikit-learn's rules; 0 where it divides by 0. */
function averaged(who: string, options: AverageOptions, score: (found: Found) => number): Metric {
  const name = named(who, options, ['average']);
  const { average } = options;
  if (average !== undefined && !['binary', 'macro', 'micro'].includes(average)) throw new OptionError(who, 'average among binary, macro, micro', show(average));
  return {
    name,
    counter: (setting) => {
      const classes = classesOf(who, setting);
      if (average === 'binary' && classes !== 2) throw new OptionError(who, 'two classes for average "binary"', String(classes), 'Use "macro" or "micro".');
      return confusionCounter(who, setting);
    },
    finish: (counts, _examples, setting) => {
      const classes = classesOf(who, setting);
      const found = Array.from({ length: classes }, (_, c): Found => {
        const right = counts[c * classes + c]!;
        let [wrong, missed] = [0, 0];
        for (let other = 0; other < classes; other += 1) {
          if (other === c) continue;
          wrong += counts[other * classes + c]!;
          missed += counts[c * classes + other]!;
        }
        return { right, wrong, missed };
      });
      const how = average ?? (classes === 2 ? 'binary' : 'macro');
      if (how === 'binary') return score(found[1]!);
      if (how === 'micro') {
        const sum = (part: keyof Found): number => found.reduce((total, one) => total + one[part], 0);
        return score({ right: sum('right'), wrong: sum('wrong'), missed: sum('missed') });
      }
      const occurring = found.filter(({ right, wrong, missed }) => right + wrong + missed > 0);
      return ratio(occurring.reduce((total, one) => total + score(one), 0), occurring.length);
    },
  };
}

/** Of the examples taken for a class, the share that is of it. */
export const precision = (options: AverageOptions = {}): Metric => averaged('precision', options, ({ right, wrong }) => ratio(right, right + wrong));
/** Of the examples of a class, the share that is taken for it. */
export const recall = (options: AverageOptions = {}): Metric => averaged('recall', options, ({ right, missed }) => ratio(right, right + missed));
/** The harmonic mean of precision and recall: 2·right/(2·right + wrong + missed). */
export const f1 = (options: AverageOptions = {}): Metric => averaged('f1', options, ({ right, wrong, missed }) => ratio(2 * right, 2 * right + wrong + missed));

/** The mean absolute error over all numbers of all outputs. */
export function mae(options: { readonly name?: string } = {}): Metric {
  return {
    name: named('mae', options, []),
    counter: (setting) => regressionCounter('mae', setting),
    finish: (sums, examples) => {
      const columns = sums.length / REGRESSION_VALUES;
      let total = 0;
      for (let column = 0; column < columns; column += 1) total += sums[column * REGRESSION_VALUES + 4]!;
      return ratio(total, examples * columns);
    },
  };
}

/**
 * The coefficient of determination 1 − Σ(x − t)²/Σ(t − mean)², the mean over the numbers of an output. A target that never changes gives
 * 1 where it is always met and 0 where not, as in scikit-learn.
 */
export function r2(options: { readonly name?: string } = {}): Metric {
  return {
    name: named('r2', options, []),
    counter: (setting) => regressionCounter('r2', setting),
    finish: (sums, examples) => {
      const columns = sums.length / REGRESSION_VALUES;
      let total = 0;
      for (let place = 0; place < sums.length; place += REGRESSION_VALUES) {
        const [away, squares, errors] = [sums[place + 1]!, sums[place + 2]!, sums[place + 3]!];
        const spread = squares - away * away / examples;
        total += spread > 0 ? 1 - errors / spread : errors === 0 ? 1 : 0;
      }
      return total / columns;
    },
  };
}

/**
 * e^(mean of −log p of the labels), for models that give logits or log-probabilities of classes: 1 at best, the
 * number of classes for a blind guess, NaN where every label is left out.
 */
export function perplexity(options: { readonly name?: string } = {}): Metric {
  return {
    name: named('perplexity', options, []),
    counter: (setting) => surpriseCounter('perplexity', setting),
    finish: ([sum, labels]) => Math.exp(sum! / labels!),
  };
}
