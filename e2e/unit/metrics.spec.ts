import { expect, test } from 'playwright/test';
import { bceWithLogits, crossEntropy, mse } from '../../src/nn/losses.ts';
import { measuring } from '../../src/nn/metrics/measuring.ts';
import { accuracy, confusionMatrix, f1, mae, perplexity, precision, r2, topK, type Metric } from '../../src/nn/metrics/metrics.ts';

const CLASSES = { output: [3], loss: crossEntropy() };
const SOFT = { output: [3], loss: crossEntropy({ targets: 'probabilities' }) };
const SIGNS = { output: [1], loss: bceWithLogits() };
const NUMBERS = { output: [2], loss: mse() };

const REFUSED: readonly [() => unknown, string][] = [
  [() => measuring('evaluate', [accuracy()], NUMBERS), 'accuracy: needs a loss with classes, such as crossEntropy, got mse.'],
  [() => measuring('evaluate', [topK(4)], CLASSES), 'topK: needs k to be at most the 3 classes, got 4.'],
  [() => measuring('evaluate', [topK(1)], SIGNS), 'topK: needs a loss that chooses one of several classes, such as crossEntropy, got bceWithLogits.'],
  [() => measuring('evaluate', [f1({ average: 'binary' })], CLASSES), 'f1: needs two classes for average "binary", got 3. Use "macro" or "micro".'],
  [() => measuring('evaluate', [r2()], CLASSES), 'r2: needs a loss that compares numbers, such as mse, got crossEntropy.'],
  [() => measuring('evaluate', [perplexity()], SOFT), 'perplexity: needs a loss of class indices, such as crossEntropy, got crossEntropy.'],
  [() => measuring('evaluate', [confusionMatrix()], { ...CLASSES, output: [5000] }), 'confusionMatrix: needs at most 4096 classes, got 5000. accuracy and topK count any number of classes.'],
  [() => measuring('evaluate', [f1(), f1({ average: 'micro' })], CLASSES), 'evaluate: needs a name of its own for each metric, got two called "f1". Give one a name: f1({ average: "micro", name: "microF1" }).'],
  [() => measuring('evaluate', [accuracy as unknown as Metric], CLASSES), 'evaluate: needs metrics such as metrics.accuracy() and metrics.topK(5), got function accuracy. Call the function: metrics.accuracy(), not metrics.accuracy.'],
  [() => measuring('evaluate', 'accuracy' as never, CLASSES), 'evaluate: needs metrics as a list, got "accuracy".'],
  [() => topK(0), 'topK: needs k to be an integer ≥ 1, got 0.'],
  [() => f1({ average: 'weighted' as never }), 'f1: needs average among binary, macro, micro, got "weighted".'],
  [() => precision({ of: 1 } as never), 'precision: needs options among name, average, got an unknown option "of".'],
  [() => mae({ name: '' }), 'mae: needs name as a text, got "".'],
];

for (const [index, [body, message]] of REFUSED.entries()) {
  test(`metrics refuse by rule, ${index + 1}: ${message.slice(0, 60)}`, () => {
    expect(body).toThrow(message);
  });
}

test('metrics of one kind share their counters', () => {
  const { counters, metrics } = measuring('evaluate', [accuracy(), topK(1), f1(), precision(), confusionMatrix(), perplexity()], CLASSES);
  expect(metrics).toHaveLength(6);
  expect(counters.map(({ key, length }) => `${key} ${length}`)).toEqual(['top1 2', 'confusion 9', 'surprise 2']);
  expect(measuring('evaluate', [accuracy(), f1()], SIGNS).counters.map(({ key }) => key)).toEqual(['confusion']);
});

test('a target that never changes has an r2 of 1 where it is always met, else 0', () => {
  const sums = (errors: number): Float32Array => Float32Array.of(4, 0, 0, errors, Math.sqrt(errors));
  expect(r2().finish(sums(0), 3, NUMBERS)).toBe(1);
  expect(r2().finish(sums(4), 3, NUMBERS)).toBe(0);
});
