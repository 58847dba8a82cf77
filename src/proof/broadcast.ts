import { added, multiplied, negated } from '../reference/arithmetic.ts';
import { complexAdd, complexMul, complexSub } from '../reference/complex.ts';
import { binary } from './broadcast-kit.ts';
import { withoutLastLane } from './mutants.ts';

export const add = binary({
  forward: (a, b) => added(a, b),
  complex: complexAdd,
  backward: (_a, _b, dout) => ({ a: dout, b: dout }),
  delta: (_a, _b, da, db) => da + db,
}, [
  { name: 'a sign', kernel: /^add$/, find: 'return a + b;', replace: 'return a - b;', symptoms: ['formula'] },
  { name: 'a broadcast row repeated in blocks instead of cycles', kernel: /^add$/, find: 'row % ', replace: 'row / ', symptoms: ['formula'] },
  withoutLastLane(/^(add|copy)$/),
  { name: 'every gradient is that of the first column', kernel: /^copy$/, find: 'load_x(row, column)', replace: 'load_x(row, 0u)', symptoms: ['formula'] },
]);

export const sub = binary({
  forward: (a, b) => added(a, b, -1),
  complex: complexSub,
  backward: (_a, _b, dout) => ({ a: dout, b: negated(dout) }),
  delta: (_a, _b, da, db) => da - db,
}, [
  { name: 'operands exchanged', kernel: /^sub$/, find: 'return a - b;', replace: 'return b - a;', symptoms: ['factor'] },
  { name: 'the sign of db forgotten', kernel: /^scale$/, find: '(-1.0f)', replace: '1.0f', symptoms: ['factor'] },
  { name: 'the sum instead', kernel: /^sub$/, find: 'return a - b;', replace: 'return a + b;', symptoms: ['formula'] },
  withoutLastLane(/^scale$/),
  withoutLastLane(/^sub$/),
]);

export const mul = binary({
  forward: (a, b) => multiplied(a, b),
  complex: complexMul,
  backward: (a, b, dout) => ({ a: multiplied(dout, b), b: multiplied(dout, a) }),
  delta: (a, b, da, db) => da * b + a * db + da * db,
}, [
  { name: 'the other operand forgotten', kernel: /^mul$/, find: 'return a * b;', replace: 'return a;', symptoms: ['formula'] },
  { name: 'the wrong row of a broadcast operand', kernel: /^mul$/, find: 'row % ', replace: 'row / ', symptoms: ['formula'] },
  { name: 'the sum over a stretched axis takes neighbours', kernel: /reduce\/serial/, find: 'startColumn + i * ', replace: 'startColumn + i + 0u * ', symptoms: ['reduction'] },
  withoutLastLane(/^mul$/),
]);
