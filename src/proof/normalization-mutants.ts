import { subgroupMutants, withoutLastLane } from './mutants.ts';
import type { Mutant } from './proof.ts';

const FORWARD = /^normalize\/serial/;
const FORWARD_WORKGROUP = /^normalize\/workgroup/;
const BACKWARD = /^normalize-backward\/serial/;
const BACKWARD_WORKGROUP = /^normalize-backward\/workgroup/;
const BOTH_FORWARD = /^normalize\/(serial|workgroup)/;
const BOTH_BACKWARD = /^normalize-backward/;
const PARAMETERS = /^normalize-parameters\/serial/;
const PARAMETERS_WORKGROUP = /^normalize-parameters\/workgroup/;

/** Bugs of all normalisations. */
const COMMON: readonly Mutant[] = [
  { name: 'the sum of squares keeps only its last term', kernel: FORWARD, find: 'squares += ', replace: 'squares = ', symptoms: ['formula', 'reduction'] },
  { name: 'two of four neighbours left out of the squares', kernel: FORWARD, find: ' + (squaresPart.z + squaresPart.w)', replace: '', symptoms: ['formula', 'reduction'] },
  { name: 'two of four neighbours left out of the product', kernel: BACKWARD, find: ' + (productPart.z + productPart.w)', replace: '', symptoms: ['formula', 'reduction'] },
  { name: 'eps forgotten', kernel: BOTH_FORWARD, find: ' + 0.00001f)', replace: ')', symptoms: ['region', 'garbage', 'formula', 'factor'] },
  { name: 'divides by √ twice', kernel: BOTH_FORWARD, find: 'inverseSqrt(', replace: '1.0 / (', symptoms: ['formula', 'factor'] },
  { name: 'saves the deviation and not its inverse', kernel: BOTH_FORWARD, find: 'rstd[own] = scale;', replace: 'rstd[own] = 1.0 / scale;', symptoms: ['formula', 'factor'] },
  { name: 'the weight forgotten', kernel: BOTH_FORWARD, find: ' * scale * weight[', replace: ' * scale + 0.0 * weight[', symptoms: ['formula'] },
  { name: 'the weight forgotten in the gradient', kernel: BOTH_BACKWARD, find: 'dout[at] * weight[', replace: 'dout[at] + 0.0 * weight[', symptoms: ['formula'] },
  { name: 'rstd forgotten in the gradient', kernel: BOTH_BACKWARD, find: 'dx[at] = factor * ', replace: 'dx[at] = ', symptoms: ['formula', 'factor'] },
  { name: 'the product of g and y keeps only its last term', kernel: BACKWARD, find: 'product += ', replace: 'product = ', symptoms: ['formula', 'reduction'] },
  { name: 'a sum and not a mean of g · y', kernel: BOTH_BACKWARD, find: 'let slope = product / ', replace: 'let slope = product + 0.0 / ', symptoms: ['formula'] },
  { name: 'y forgotten before the mean of g · y', kernel: BOTH_BACKWARD, find: ' * scale * slope);', replace: ' * 0.0 - slope);', symptoms: ['formula'] },
  { name: 'lanes that find only their last term', kernel: FORWARD_WORKGROUP, find: 'squares += difference', replace: 'squares = difference', symptoms: ['formula', 'reduction'] },
  { name: 'the last lane left out of a sum', kernel: /^normalize(-backward)?\/workgroup/, find: 'for (var k = 0u; k < 64u;', replace: 'for (var k = 0u; k < 63u;', symptoms: ['formula', 'reduction'] },
  { name: 'half of the elements', kernel: /^normalize(-backward)?\/workgroup/, find: 'j += 64u', replace: 'j += 128u', symptoms: ['formula', 'unwritten', 'reduction', 'zero-block'] },
  { name: 'the last group never stored', kernel: /^normalize(-backward)?\/workgroup/, find: 'if (group < ', replace: 'if (group + 1u < ', symptoms: ['unwritten', 'edge'] },
  { name: 'the sums of all lanes added before they stand', kernel: BACKWARD_WORKGROUP, find: 'workgroupBarrier();', replace: '', symptoms: ['formula', 'reduction'] },
  ...subgroupMutants(/^normalize\/subgroup$/, ['formula', 'reduction', 'factor'], 'k', 'subgroupAdd(squares)'),
  ...subgroupMutants(/^normalize-backward\/subgroup$/, ['formula', 'reduction'], 'k', 'subgroupAdd(product)'),
  withoutLastLane(/^normalize(-backward)?\/serial/),
];

/** Bugs of those that subtract the mean. */
const CENTRED: readonly Mutant[] = [
  { name: 'the mean not subtracted', kernel: BOTH_FORWARD, find: 'let center = total / ', replace: 'let center = 0.0 * total / ', symptoms: ['formula', 'factor'] },
  { name: 'the mean of x² and not of its differences', kernel: BOTH_FORWARD, find: 'let difference = x[at] - center;', replace: 'let difference = x[at];', symptoms: ['formula'] },
  { name: 'the mean saved as a sum', kernel: BOTH_FORWARD, find: 'mean[own] = center;', replace: 'mean[own] = total;', symptoms: ['formula', 'factor'] },
  { name: 'the mean of g forgotten', kernel: BOTH_BACKWARD, find: ' - level', replace: '', symptoms: ['formula'] },
  { name: 'the bias added twice', kernel: BOTH_FORWARD, find: ' + bias[', replace: ' + 2.0 * bias[', symptoms: ['formula', 'factor'] },
  { name: 'the sum of g keeps only its last term', kernel: BACKWARD, find: 'sum += gradient', replace: 'sum = gradient', symptoms: ['formula', 'reduction'] },
];

/** Bugs where weight and bias get their gradients in a launch of their own. */
const ALONE: readonly Mutant[] = [
  { name: 'dweight without y', kernel: /^normalize-parameters/, find: 'weightSum += dout[at] * ', replace: 'weightSum += dout[at] + 0.0 * ', symptoms: ['formula'] },
  { name: 'dweight keeps only its last term', kernel: PARAMETERS, find: 'weightSum += ', replace: 'weightSum = ', symptoms: ['reduction', 'formula'] },
  { name: 'partial sums of dweight not added', kernel: PARAMETERS, find: 'weightTotal += ', replace: 'weightTotal = ', symptoms: ['reduction', 'formula'] },
  { name: 'another slice\'s sum', kernel: PARAMETERS_WORKGROUP, find: 'Sums[slice * ', replace: 'Sums[0u * slice * ', symptoms: ['reduction', 'formula', 'factor'] },
  { name: 'the first slice left out', kernel: PARAMETERS_WORKGROUP, find: 'var slice = 0u;', replace: 'var slice = 1u;', symptoms: ['reduction', 'formula', 'zero-block'] },
  { name: 'a workgroup that does not wait', kernel: PARAMETERS_WORKGROUP, find: 'workgroupBarrier();', replace: '', symptoms: ['reduction', 'formula', 'garbage', 'zero-block'] },
  ...subgroupMutants(/^normalize-parameters\/subgroup$/, ['reduction', 'formula', 'zero-block'], 'slice', 'subgroupAdd(weightSum)'),
  withoutLastLane(PARAMETERS),
];

/** The bugs of a list with these names: what another op has found already needs no second search. */
function named(list: readonly Mutant[], ...names: readonly string[]): readonly Mutant[] {
  return names.map((name) => {
    const found = list.find((mutant) => mutant.name === name);
    if (!found) throw new RangeError(`no mutant ${name}`);
    return found;
  });
}

/** Bugs of rows: every kernel of the family in its plainest form. */
export const ROW_MUTANTS: readonly Mutant[] = [
  ...COMMON, ...CENTRED, ...ALONE,
  { name: 'dbias keeps only its last term', kernel: PARAMETERS, find: 'biasSum += ', replace: 'biasSum = ', symptoms: ['reduction', 'formula'] },
  { name: 'only the first round of a partial sum', kernel: /^normalize(-backward)?\/serial/, find: 'first += 256u', replace: 'first += 512u', symptoms: ['formula', 'reduction'] },
];

/** Bugs where nothing is subtracted. */
export const SQUARE_MUTANTS: readonly Mutant[] = named(
  [...COMMON, ...ALONE], 'the sum of squares keeps only its last term', 'divides by √ twice', 'rstd forgotten in the gradient', 'the product of g and y keeps only its last term',
  'a sum and not a mean of g · y', 'half of the elements', 'dweight without y', 'partial sums of dweight not added',
);

/** Bugs where groups are channels of an example. */
export const GROUP_MUTANTS: readonly Mutant[] = [
  ...named([...COMMON, ...CENTRED, ...ALONE], 'the mean of x² and not of its differences', 'the weight forgotten in the gradient', 'the mean of g forgotten', 'half of the elements',
    'dweight without y', 'the first slice left out'),
  { name: 'the channel of the first example for all', kernel: /^normalize/, find: 'u % ', replace: 'u + 0u * ', symptoms: ['formula', 'region', 'edge'] },
];

/** Bugs where a channel is a group, through all examples. */
export const BATCH_MUTANTS: readonly Mutant[] = [
  ...named([...COMMON, ...CENTRED], 'the mean of x² and not of its differences', 'the mean of g forgotten', 'half of the elements', 'the last group never stored', 'a sum and not a mean of g · y'),
  { name: 'the weight forgotten in the gradient', kernel: BOTH_BACKWARD, find: 'scale * weight[own]', replace: 'scale + 0.0 * weight[own]', symptoms: ['formula', 'factor'] },
  { name: 'dweight without y', kernel: BOTH_BACKWARD, find: 'product += gradient * ', replace: 'product += gradient + 0.0 * ', symptoms: ['formula'] },
  { name: 'dbias for dweight', kernel: BOTH_BACKWARD, find: 'dweight[own] = product;', replace: 'dweight[own] = sum;', symptoms: ['formula'] },
  { name: 'only the first run of a channel', kernel: /^normalize(-backward)?\/serial/, find: 'run++', replace: 'run += 100u', symptoms: ['formula', 'unwritten', 'reduction'] },
];
