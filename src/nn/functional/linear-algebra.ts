import { OptionError, show, ShapeError } from '../../errors.ts';
import { showShape, type Shape, type Tensor } from '../../ops/tensor.ts';
import * as linearOps from '../../ops/linear.ts';
import { apply } from '../../program/trace.ts';
import { matmul, mul, reshape, sum } from '../functional.ts';
import { permute } from './shape.ts';

/** x · weightᵀ + bias: x [..., in], weight [out, in], bias [out] or none; gives [..., out]. */
export const linear = (x: Tensor, weight: Tensor, bias?: Tensor): Tensor => apply(linearOps.linear, { x, weight, bias });

/** Every product of an element of a [m] with one of b [n]: [m, n]. */
export function outer(a: Tensor, b: Tensor): Tensor {
  if (a.shape.length !== 1 || b.shape.length !== 1) throw new ShapeError('outer', 'a [m] and b [n]', `a ${showShape(a.shape)} and b ${showShape(b.shape)}`);
  return mul(reshape(a, [a.shape[0]!, 1]), b);
}

/** The letters of both operands and of the result. */
interface Equation {
  readonly a: readonly string[];
  readonly b: readonly string[];
  readonly out: readonly string[];
}

const WHO = 'einsum';

function parsed(equation: unknown): Equation {
  const parts = typeof equation === 'string' ? /^([a-z]*),([a-z]*)(?:->([a-z]*))?$/i.exec(equation.replaceAll(' ', '')) : null;
  if (!parts) {
    throw new OptionError(WHO, 'an equation of two operands like "bij,jk->bik": a letter for each axis', show(equation), 'Axes can\'t be left out with "...": name each of them.');
  }
  const [a, b] = [[...parts[1]!], [...parts[2]!]];
  for (const [name, letters] of [['a', a], ['b', b]] as const) {
    const twice = letters.find((letter, axis) => letters.indexOf(letter) !== axis);
    if (twice !== undefined) throw new OptionError(WHO, `each letter once in an operand`, `${show(twice)} twice in ${name}`, 'Diagonals are not taken.');
  }
  // Without an arrow: what stands in one operand alone, in the order of the alphabet.
  const out = parts[3] === undefined ? [...a, ...b].filter((letter) => a.includes(letter) !== b.includes(letter)).toSorted() : [...parts[3]];
  const wrong = out.find((letter, axis) => out.indexOf(letter) !== axis || (!a.includes(letter) && !b.includes(letter)));
  if (wrong !== undefined) throw new OptionError(WHO, 'each letter of the result once, and from an operand', show(wrong));
  return { a, b, out };
}

/** How many each letter stands for. */
function sizesOf(equation: Equation, operands: Readonly<Record<'a' | 'b', Tensor>>): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const name of ['a', 'b'] as const) {
    const [letters, { shape }] = [equation[name], operands[name]];
    if (letters.length !== shape.length) throw new ShapeError(WHO, `${letters.length} axes of ${name} for "${letters.join('')}"`, showShape(shape));
    letters.forEach((letter, axis) => {
      const known = sizes.get(letter) ?? shape[axis]!;
      if (known !== shape[axis]) throw new ShapeError(WHO, `${letter} to be as long in a as in b`, `${known} and ${shape[axis]}`);
      sizes.set(letter, known);
    });
  }
  return sizes;
}

/** The tensor with its axes in another order; just the tensor where they stand so. */
function ordered(x: Tensor, from: readonly string[], to: readonly string[]): Tensor {
  return to.every((letter, axis) => letter === from[axis]) ? x : permute(x, to.map((letter) => from.indexOf(letter)));
}

const reshaped = (x: Tensor, shape: Shape): Tensor => (x.shape.length === shape.length && shape.every((size, axis) => size === x.shape[axis]) ? x : reshape(x, shape));

/**
 * Einstein's sum over two operands: `einsum('bthd,bshd->bhts', q, k)` multiplies them with axes named by letters (a to z, A to Z) and sums over
 * those letters that the result lacks. Without `->` the result has the letters that stand in one operand alone, in the order of the alphabet.
 *
 * It is made of public ops: sums over what one operand alone has and the result lacks, transposed views, and one matrix product (or a
 * multiplication, where nothing is summed). Throws an OptionError for an equation that is none, has "..." or a letter twice in one operand, and
 * a ShapeError where it does not fit the operands.
 */
export function einsum(equation: string, a: Tensor, b: Tensor): Tensor {
  const letters = parsed(equation);
  const sizes = sizesOf(letters, { a, b });
  const { out } = letters;
  const [left, right] = [summedAlone(a, letters.a, letters.b, out), summedAlone(b, letters.b, letters.a, out)];
  const batch = out.filter((letter) => left.letters.includes(letter) && right.letters.includes(letter));
  const ofLeft = out.filter((letter) => left.letters.includes(letter) && !batch.includes(letter));
  const ofRight = out.filter((letter) => right.letters.includes(letter) && !batch.includes(letter));
  const along = left.letters.filter((letter) => right.letters.includes(letter) && !batch.includes(letter));
  // Rows come from the operand that comes first in the result, so that it need not be transposed.
  const isTurned = ofLeft.length > 0 && ofRight.length > 0 && out.indexOf(ofRight[0]!) < out.indexOf(ofLeft[0]!);
  const [rows, columns] = isTurned ? [ofRight, ofLeft] : [ofLeft, ofRight];
  const [first, second] = isTurned ? [right, left] : [left, right];

  const lengths = (names: readonly string[]): number[] => names.map((letter) => sizes.get(letter)!);
  const all = (names: readonly string[]): number => lengths(names).reduce((product, size) => product * size, 1);
  const one = (names: readonly string[]): number[] => names.map(() => 1);
  const made = [...batch, ...rows, ...columns];
  const x = ordered(first.tensor, first.letters, [...batch, ...rows, ...along]);
  const y = ordered(second.tensor, second.letters, [...batch, ...along, ...columns]);
  const product = along.length === 0
    ? mul(reshaped(x, [...lengths(batch), ...lengths(rows), ...one(columns)]), reshaped(y, [...lengths(batch), ...one(rows), ...lengths(columns)]))
    : matmul(reshaped(x, [...lengths(batch), all(rows), all(along)]), reshaped(y, [...lengths(batch), all(along), all(columns)]));
  return ordered(reshaped(product, lengths(made)), made, out);
}

/** An operand without the letters that nothing else has. */
function summedAlone(tensor: Tensor, own: readonly string[], other: readonly string[], out: readonly string[]): { tensor: Tensor; letters: readonly string[] } {
  const axes = own.flatMap((letter, axis) => (other.includes(letter) || out.includes(letter) ? [] : [axis]));
  return { tensor: axes.length > 0 ? sum(tensor, { axes }) : tensor, letters: own.filter((_, axis) => !axes.includes(axis)) };
}
