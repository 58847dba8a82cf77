import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { foldedPlaces, reduceSizes, type ReduceSpec } from './reduce.wgsl.ts';
import { wgsl } from './wgsl.ts';

/**
 * The gradient of a product: dout times the product of all others, made of those before and those behind, so that it is right
 * where numbers are 0. One lane goes over the terms of one product forwards and back.
 */
export function prodBackward(spec: Pick<ReduceSpec, 'shape' | 'folded'>): Kernel {
  const { outputs, terms } = reduceSizes(spec);
  const places = foldedPlaces(spec);
  return laneKernel({
    name: 'prod-backward/serial',
    formula: `dx[i] = dout · Π over j ≠ i of x[j], ${terms} terms each`,
    declarations: [
      { name: 'x', access: 'read', type: arrayType(outputs * terms) },
      { name: 'dout', access: 'read', type: arrayType(outputs) },
      { name: 'dx', access: 'write', type: arrayType(outputs * terms) },
    ],
    count: outputs,
    body: wgsl`
let start = ${places.start('lane')};
  var before = dout[lane];
  for (var i = 0u; i < ${terms}u; i++) {
    let place = start + ${places.term('i')};
    dx[place] = before;
    before *= x[place];
  }
  var behind = 1.0;
  for (var i = ${terms}u; i > 0u; i--) {
    let place = start + ${places.term('(i - 1u)')};
    dx[place] *= behind;
    behind *= x[place];
  }`,
  });
}
