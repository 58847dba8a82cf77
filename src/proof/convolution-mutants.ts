import { withoutLastLane } from './mutants.ts';
import type { Mutant } from './proof.ts';

/** Bugs of the kernel that makes a convolution in either direction. */
function blockMutants(kernel: RegExp, of: string): Mutant[] {
  return [
    { name: `the first summed channel left out of ${of}`, kernel, find: 'for (var i = 0u;', replace: 'for (var i = 1u;', symptoms: ['reduction', 'formula'] },
    { name: `the first kernel line left out of ${of}`, kernel, find: 'for (var ky = 0u;', replace: 'for (var ky = 1u;', symptoms: ['reduction', 'formula'] },
    { name: `a tap of ${of} with the weight of its neighbour`, kernel, find: 'weights0 + taps + 1u]', replace: 'weights0 + taps]', symptoms: ['formula'] },
    { name: `the first tap of a wide kernel left out of ${of}`, kernel, find: 'for (var kx = 0u;', replace: 'for (var kx = 1u;', symptoms: ['reduction', 'formula'] },
    { name: `only the last tap of the first column of ${of}`, kernel, find: 'sum0 += weight', replace: 'sum0 = weight', symptoms: ['reduction', 'formula'] },
    { name: `the first group for all in ${of}`, kernel, find: ' + group) * ', replace: ') * ', symptoms: ['formula'] },
    { name: `${of} adds to what is there`, kernel, find: '] = value;', replace: '] += value;', symptoms: ['garbage', 'unwritten'] },
    withoutLastLane(kernel),
  ];
}

/** Bugs of the kernel of quads. */
function quadMutants(kernel: RegExp, of: string): Mutant[] {
  return [
    { name: `the first summed channel left out of the quads of ${of}`, kernel, find: 'for (var i = 0u;', replace: 'for (var i = 1u;', symptoms: ['reduction', 'formula'] },
    { name: `the first kernel line left out of the quads of ${of}`, kernel, find: 'for (var ky = 0u;', replace: 'for (var ky = 1u;', symptoms: ['reduction', 'formula'] },
    { name: `the first tap of a wide kernel left out of the quads of ${of}`, kernel, find: 'for (var kx = 0u;', replace: 'for (var kx = 1u;', symptoms: ['reduction', 'formula'] },
    { name: `a weight of the wrong lane in ${of}`, kernel, find: 'quadBroadcast(shared0, 1u)', replace: 'quadBroadcast(shared0, 2u)', symptoms: ['formula'] },
    { name: `lanes of ${of} that load each other's weights`, kernel, find: 'let shared0 = weight[own0', replace: 'let shared0 = weight[own0 - place', symptoms: ['formula'] },
    { name: `every lane of a quad of ${of} at the first one's place`, kernel, find: ' * 4u + place;', replace: ' * 4u;', symptoms: ['unwritten', 'edge'] },
    { name: `the last lane of a quad of ${of} never stores`, kernel, find: 'if (isLive && ', replace: 'if (place < 3u && ', symptoms: ['unwritten', 'edge'] },
    { name: `the quads of ${of} read the first group for all`, kernel, find: ' + group) * ', replace: ') * ', symptoms: ['formula'] },
    { name: `a row that is not there counts in the quads of ${of}`, kernel, find: ', isRow', replace: ', true', symptoms: ['edge', 'region', 'formula'] },
    { name: `the quads of ${of} add to what is there`, kernel, find: '] = value;', replace: '] += value;', symptoms: ['garbage', 'unwritten'] },
  ];
}

const FORWARD_QUAD = /^convolution\/quad/;
const TRANSPOSED_QUAD = /^convolution-transposed\/quad/;
const FORWARD = /^convolution\/block/;
const TRANSPOSED = /^convolution-transposed\/block/;
const WEIGHT = /^convolution-weight\/block/;

export const CONVOLUTION_MUTANTS: readonly Mutant[] = [
  ...blockMutants(FORWARD, 'the convolution'),
  { name: 'padding that repeats the edge', kernel: FORWARD, find: ', sourceInside0)', replace: ', true)', symptoms: ['edge', 'region', 'formula'] },
  ...blockMutants(TRANSPOSED, 'the transposed convolution'),
  { name: 'a kernel row that the stride leaves out', kernel: TRANSPOSED, find: 'tap % 2u != 0u || ', replace: '', symptoms: ['formula', 'reduction'] },
  ...quadMutants(FORWARD_QUAD, 'the convolution'),
  { name: 'padding that repeats the edge in quads', kernel: FORWARD_QUAD, find: 'sourceInside0)', replace: 'true)', symptoms: ['edge', 'region', 'formula'] },
  ...quadMutants(TRANSPOSED_QUAD, 'the transposed convolution'),
  { name: 'rows of a class meet the row before theirs', kernel: TRANSPOSED_QUAD, find: ' - tapOfClass;', replace: ' - tapOfClass - 1u;', symptoms: ['formula', 'region'] },
  { name: 'the first kernel line of each class left out', kernel: TRANSPOSED_QUAD, find: 'for (var tapOfClass = 0u;', replace: 'for (var tapOfClass = 1u;', symptoms: ['reduction', 'formula'] },
  { name: 'a kernel line that a class does not have', kernel: TRANSPOSED_QUAD, find: ' & (ky == wantedTap)', replace: '', symptoms: ['formula', 'reduction'] },
  { name: 'only the last of a share of positions', kernel: WEIGHT, find: 'sum0_0 += dout0', replace: 'sum0_0 = dout0', symptoms: ['reduction', 'formula'] },
  { name: 'the last position of each share left out', kernel: WEIGHT, find: 'var unit = first;', replace: 'var unit = first + 1u;', symptoms: ['reduction', 'formula'] },
  { name: 'examples of a share all the same', kernel: WEIGHT, find: 'example++;', replace: '', symptoms: ['reduction', 'formula'] },
  { name: 'one weight with the pairs of its neighbour', kernel: WEIGHT, find: 'sum0_1 += dout1 * x0_2;', replace: 'sum0_1 += dout1 * x0_1;', symptoms: ['formula'] },
  { name: 'padding that repeats the edge in the weight gradient', kernel: WEIGHT, find: ', xInside0)', replace: ', true)', symptoms: ['formula', 'region'] },
  { name: 'the weight gradient adds to what is there', kernel: WEIGHT, find: '+ kx] = sum0_0', replace: '+ kx] += sum0_0', symptoms: ['garbage', 'unwritten'] },
  withoutLastLane(WEIGHT),
];

/** Where the weight's kernel makes the bias gradient too. */
export const BIAS_MUTANTS: readonly Mutant[] = [
  { name: 'the bias forgotten in the first column', kernel: FORWARD, find: 'sum0 += added;', replace: '', symptoms: ['formula', 'zero-block'] },
  { name: 'the bias forgotten in the first column of quads', kernel: FORWARD_QUAD, find: 'sum0_0 += added0;', replace: '', symptoms: ['formula', 'zero-block'] },
  { name: 'the bias gradient from the last of a share alone', kernel: WEIGHT, find: 'total += ', replace: 'total = ', symptoms: ['reduction'] },
  { name: 'a column left out of the bias gradient', kernel: WEIGHT, find: 'total += dout0 + ', replace: 'total += ', symptoms: ['reduction'] },
  { name: 'the bias gradient never written', kernel: WEIGHT, find: 'tapBlock == 0u', replace: 'tapBlock == 999u', symptoms: ['unwritten', 'garbage'] },
];
