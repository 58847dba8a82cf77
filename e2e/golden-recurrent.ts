// Steps of recurrent nets, for the golden list.
import type { Kernel } from '../shaders/kernel.ts';
import { recurrentBackward, recurrentForward, recurrentInitial, recurrentPrevious, type RecurrentSpec } from '../shaders/recurrent.wgsl.ts';

const middle: RecurrentSpec = {
  cell: 'lstm', batch: 3, time: 5, hidden: 8, reverse: false, isFirst: false, isLast: false, hasBias: true, hasInitialHidden: true, hasInitialCell: true,
};
const first: RecurrentSpec = { ...middle, isFirst: true };
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
];
