import { accuracy } from '../../../shaders/accuracy.wgsl.ts';
import { addTerms, confusion, REGRESSION_VALUES, regressionSums, surprise, topK } from '../../../shaders/metrics.wgsl.ts';
import { wave, type StepKernelCase } from './case.ts';

const [rows, columns] = [7, 4];
/** The fourth row is left out. The last two have two largest outputs: the first of them counts. */
const IGNORED = 2 ** 32 - 100;
const labels = [1, 2, 3, IGNORED, 1, 1, 0];
const x = Float32Array.of(1, 5, 2, 3, 9, 1, 1.5, 1, -4, -3, -2, -1, 0, 2, 1, 0, 1, 7, 6, 0, 1, 7, 7, 0, 1, 7, 7, 0);
const soft = Float32Array.from({ length: rows * columns }, (_, i) => (i % columns === labels[Math.floor(i / columns)]! % columns ? 0.6 : 0.1));
const of = (row: number): number[] => [...x.subarray(row * columns, (row + 1) * columns)];
const guessOf = (row: number): number => of(row).indexOf(Math.max(...of(row)));
const isCounted = (row: number): boolean => labels[row] !== IGNORED;
const counted = labels.flatMap((label, row) => (isCounted(row) ? [{ row, label }] : []));
const target = Uint32Array.from(labels);

function confusionCase(kind: 'index' | 'probabilities'): StepKernelCase {
  const before = Uint32Array.from({ length: columns ** 2 }, (_, i) => i);
  const counters = before.slice();
  const all = kind === 'index' ? counted : labels.map((label, row) => ({ row, label: label % columns }));
  for (const { row, label } of all) counters[label * columns + guessOf(row)]! += 1;
  return {
    name: `confusion by ${kind}`, kernel: confusion({ rows, columns, target: kind, ignoreIndex: -100 }),
    inputs: { x, expected: kind === 'index' ? target : soft, counters: before }, expected: { counters },
    mutants: [['label * 4u + guess', 'guess * 4u + label'], ['x[start + i] > x[start + guess]', 'x[start + i] >= x[start + guess]'], ['lane * 4u', '0u'], [', 1u)', ', 2u)'],
      kind === 'index' ? ['    return;\n  }\n  var guess', '  }\n  var guess'] : ['expected[start + i] > expected', 'expected[start + i] < expected']],
  };
}

function confusionOfSigns(): StepKernelCase {
  const [outputs, wanted] = [wave(15), wave(15, 1, 2)];
  const counters = new Uint32Array(4);
  outputs.forEach((output, i) => { counters[Number(wanted[i]! > 0.5) * 2 + Number(output > 0)]! += 1; });
  return {
    name: 'confusion by sign', kernel: confusion({ rows: 5, columns: 3, target: 'signs', ignoreIndex: 0 }),
    inputs: { x: outputs, expected: wanted, counters: new Uint32Array(4) }, expected: { counters },
    mutants: [['> 0.5', '> 0.0'], ['x[lane] > 0.0', 'x[lane] < 0.0'], ['label * 2u + guess', 'guess * 2u + label']],
  };
}

function topKCase(k: number): StepKernelCase {
  const hits = counted.filter(({ row, label }) => of(row).map((value, i) => ({ value, i })).sort((a, b) => b.value - a.value || a.i - b.i).slice(0, k).some(({ i }) => i === label));
  return {
    name: `top ${k}`, kernel: topK({ rows, columns, target: 'index', ignoreIndex: -100, k }),
    inputs: { x, expected: target, counters: Uint32Array.of(10, 20) }, expected: { counters: Uint32Array.of(10 + hits.length, 20 + counted.length) },
    mutants: [[`beaten >= ${columns - k}u`, `beaten >= ${columns - k - 1}u`], ['counters[1], 1u', 'counters[1], 2u'], ['x[start + label]', 'x[start]'], ['    return;\n  }\n  let own', '  }\n  let own'],
      ...(k === 1 ? [['own == other && label < i', 'own == other && label > i'] as const] : [])],
  };
}

function regressionCase(): StepKernelCase {
  const [outputs, wanted] = [wave(15), wave(15, 2, 1)];
  const before = wave(3 * REGRESSION_VALUES, 1, 3);
  const expected = [...before];
  outputs.forEach((output, i) => {
    const place = (i % 3) * REGRESSION_VALUES;
    const [away, error] = [wanted[i]! - before[place]!, output - wanted[i]!];
    [away, away ** 2, error ** 2, Math.abs(error)].forEach((term, k) => { expected[place + 1 + k]! += term; });
  });
  return {
    name: 'regression sums', kernel: regressionSums({ rows: 5, columns: 3 }), inputs: { x: outputs, expected: wanted, counters: before }, expected: { counters: expected },
    mutants: [['t - pivot', 't'], ['away * away', 'away'], ['abs(error)', 'error'], ['+= sums.z', '= sums.z'], ['row < 5u', 'row < 4u'], ['row * 3u + lane] - t', 'row * 3u] - t']],
  };
}

function surpriseCase(target: Uint32Array, name: string, further: StepKernelCase['mutants']): StepKernelCase {
  const large = x.map((value) => 100 * value);
  const lossOf = (row: number): number => {
    const numbers = [...large.subarray(row * columns, (row + 1) * columns)];
    const most = Math.max(...numbers);
    return Math.log(numbers.reduce((sum, value) => sum + Math.exp(value - most), 0)) + most - (numbers[target[row]!] ?? NaN);
  };
  return {
    name, kernel: surprise({ rows, columns, target: 'index', ignoreIndex: -100 }), inputs: { x: large, expected: target },
    expected: { terms: labels.flatMap((_, row) => (isCounted(row) ? [lossOf(row), 1] : [0, 0])) },
    mutants: [['exp(x[start + i] - largest)', 'exp(x[start + i])'], ['(largest - x[start + label])', '-x[start + label]'], ['== 4294967196u', '== 0u'], ['vec2f(loss, 1.0)', 'vec2f(loss, 2.0)'], ['lane * 4u', '0u'],
      ['total += exp', 'total = exp'], ...further],
  };
}

function addTermsCase(): StepKernelCase {
  const terms = wave(2 * 300);
  const sum = (k: number): number => terms.reduce((total, value, i) => (i % 2 === k ? total + value : total), 0);
  return {
    name: 'add terms', kernel: addTerms({ rows: 300 }), inputs: { terms, counters: Float32Array.of(3, -5) }, expected: { counters: [3 + sum(0), -5 + sum(1)] },
    mutants: [['counters[lane] += total', 'counters[lane] = total'], ['[row][lane]', '[row][0u]'], ['total += part', 'total = part'], ['part += ', 'part = '], ['min(first + 256u', 'min(first + 255u']],
  };
}

/** Accuracy where rows are left out: which of them count stands behind the hits. */
function accuracyCase(): StepKernelCase {
  return {
    name: 'accuracy with rows left out', kernel: accuracy({ rows, columns, target: 'index', ignoreIndex: -100 }), inputs: { x, expected: target },
    expected: { hits: [...labels.map((label, row) => Number(label === guessOf(row))), ...labels.map((_, row) => Number(isCounted(row)))] },
    mutants: [['!= 4294967196u', '!= 0u'], ['guess == expected[lane]', 'guess == expected[0]'], ['hits[lane + 7u]', 'hits[lane + 6u]'], ['1.0, isCounted)', '1.0, true)']],
  };
}

/** Labels that are no class are wrong, whatever the guess; one stands where the last class would be right. */
const strange = Uint32Array.of(1, 2 ** 32 - 1, columns, IGNORED, columns, 1, 0);

function strangeConfusionCase(): StepKernelCase {
  const counters = new Uint32Array(columns ** 2);
  strange.forEach((label, row) => { if (label !== IGNORED) counters[(label < columns ? label : (guessOf(row) + 1) % columns) * columns + guessOf(row)]! += 1; });
  return {
    name: 'confusion by labels that are no class', kernel: confusion({ rows, columns, target: 'index', ignoreIndex: -100 }),
    inputs: { x, expected: strange, counters: new Uint32Array(columns ** 2) }, expected: { counters },
    mutants: [['expected[lane] < 4u', 'expected[lane] <= 4u'], ['(guess + 1u) % 4u', 'guess'], ['(guess + 1u) % 4u', '3u']],
  };
}

function strangeTopKCase(): StepKernelCase {
  const isHit = (label: number, row: number): boolean => label < columns && of(row).filter((value, i) => value > of(row)[label]! || (value === of(row)[label] && i < label)).length < 2;
  return {
    name: 'top 2 by labels that are no class', kernel: topK({ rows, columns, target: 'index', ignoreIndex: -100, k: 2 }),
    inputs: { x, expected: strange, counters: new Uint32Array(2) }, expected: { counters: Uint32Array.of([...strange].filter(isHit).length, rows - 1) },
    mutants: [[' && expected[lane] < 4u', ''], ['expected[lane] < 4u', 'expected[lane] <= 4u'], ['counters[1], 1u', 'counters[1], 2u']],
  };
}

export const metricCases: readonly StepKernelCase[] = [
  confusionCase('index'), confusionCase('probabilities'), confusionOfSigns(), topKCase(1), topKCase(2), regressionCase(), surpriseCase(target, 'surprise', []), surpriseCase(strange, 'surprise by labels that are no class', [['expected[lane] < 4u', 'true']]), strangeConfusionCase(), strangeTopKCase(), addTermsCase(), accuracyCase(),
];
