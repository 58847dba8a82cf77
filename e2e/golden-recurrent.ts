// Steps of recurrent nets, for the golden list.
import type { Kernel } from '../shaders/kernel.ts';
import type { RecurrentSpec } from '../shaders/recurrent-cells.wgsl.ts';
import { recurrentBackwardQuad, recurrentForwardQuad } from '../shaders/recurrent-quad.wgsl.ts';
import { recurrentBackward, recurrentForward, recurrentInitial, recurrentPrevious } from '../shaders/recurrent.wgsl.ts';

const middle: RecurrentSpec = {
  cell: 'lstm', batch: 3, time: 5, hidden: 8, reverse: false, isFirst: false, isLast: false, hasBias: true, hasInitialHidden: true, hasInitialCell: true,
};
const first: RecurrentSpec = { ...middle, isFirst: true };
const large: RecurrentSpec = { ...middle, batch: 32, hidden: 64 };
const plain: RecurrentSpec = { ...middle, hasBias: false, hasInitialHidden: false, hasInitialCell: false, hidden: 7 };

export const recurrentKernels: readonly [string, Kernel][] = [
  ['recurrent-lstm', recurrentForward(middle)],
  ['recurrent-lstm-first', recurrentForward(first)],
  ['recurrent-lstm-backward', recurrentBackward(middle)],
  ['recurrent-lstm-backward-first', recurrentBackward(first)],
  ['recurrent-lstm-initial', recurrentInitial(middle)],
  ['recurrent-gru-reverse', recurrentForward({ ...plain, cell: 'gru', reverse: true })],
  ['recurrent-gru-backward-last', recurrentBackward({ ...plain, cell: 'gru', reverse: true, isLast: true })],
  ['recurrent-gru-initial-reverse', recurrentInitial({ ...middle, cell: 'gru', reverse: true })],
  ['recurrent-tanh', recurrentForward({ ...plain, cell: 'tanh' })],
  ['recurrent-tanh-backward', recurrentBackward({ ...plain, cell: 'tanh' })],
  ['recurrent-relu-first', recurrentForward({ ...plain, cell: 'relu', isFirst: true })],
  ['recurrent-relu-backward-only', recurrentBackward({ ...plain, cell: 'relu', isFirst: true, isLast: true })],
  ['recurrent-previous', recurrentPrevious({ ...plain, cell: 'tanh' })],
  ['recurrent-previous-reverse', recurrentPrevious({ ...middle, reverse: true })],
  ['recurrent-lstm-quad', recurrentForwardQuad(middle)],
  ['recurrent-lstm-quad-large', recurrentForwardQuad(large)],
  ['recurrent-lstm-first-quad', recurrentForwardQuad({ ...plain, isFirst: true })],
  ['recurrent-lstm-backward-quad', recurrentBackwardQuad(middle)],
  ['recurrent-lstm-backward-quad-large', recurrentBackwardQuad({ ...large, isFirst: true })],
  ['recurrent-gru-quad-reverse', recurrentForwardQuad({ ...plain, cell: 'gru', reverse: true })],
  ['recurrent-gru-backward-quad', recurrentBackwardQuad({ ...plain, cell: 'gru' })],
  ['recurrent-tanh-quad', recurrentForwardQuad({ ...plain, cell: 'tanh', hidden: 20 })],
  ['recurrent-relu-backward-quad-last', recurrentBackwardQuad({ ...plain, cell: 'relu', isLast: true })],
];
