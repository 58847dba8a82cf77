import { helperTexts, type Helper } from './helpers.wgsl.ts';
import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { wgsl } from './wgsl.ts';

/** One function to be evaluated on inputs of its own. */
export interface CalibrationTerm {
  /** WGSL over `a` and `b`: `exp(a)`, `a / b`. */
  readonly expression: string;
  /** The shared function that it calls: the very text that kernels use. */
  readonly helper?: Helper;
  /** How many pairs of inputs it has. They stand one term after the other. */
  readonly count: number;
}

export interface CalibrationSpec {
  readonly terms: readonly CalibrationTerm[];
}

/** Evaluates functions on given numbers, one number in each lane, so that the host can measure how far they err. */
export function calibration({ terms }: CalibrationSpec): Kernel {
  const count = terms.reduce((sum, term) => sum + term.count, 0);
  const helpers = [...new Set(terms.flatMap(({ helper }) => (helper ? [helper] : [])))];
  let end = 0;
  const branches = terms.map(({ expression, count: length }, index) => {
    end += length;
    const condition = index === terms.length - 1 ? '' : `if (lane < ${end}u) `;
    return `${index > 0 ? ' else ' : ''}${condition}{\n    value = ${expression};\n  }`;
  });
  return laneKernel({
    name: 'calibration',
    formula: `out = ${terms.length} functions of a and b, each on its own inputs`,
    declarations: [
      { name: 'first', access: 'read', type: arrayType(count) },
      { name: 'second', access: 'read', type: arrayType(count) },
      { name: 'out', access: 'write', type: arrayType(count) },
    ],
    functions: ['alias Value = f32;', ...helperTexts(helpers)].join('\n'),
    count,
    body: wgsl`
let a = first[lane];
  let b = second[lane];
  var value = 0.0;
  ${branches.join('')}
  out[lane] = value;`,
  });
}
