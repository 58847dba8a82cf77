import { gatherBatchRange, type BatchRangeSpec } from '../../../shaders/batch-range.wgsl.ts';
import type { BatchSpec } from '../../../shaders/batch.wgsl.ts';
import type { CutRule } from '../cut.ts';
import { noFlops, type KernelFamily, type Request } from '../request.ts';
import { lcm, rangesOf, rowsBytes, rowsOf, stepOf } from './ranges.ts';

const rangeFamily: KernelFamily<BatchRangeSpec> = { name: 'gather-batch-range', cut: 'batch', flops: noFlops, variants: [{ name: 'lane', suits: () => true, kernel: gatherBatchRange }] };

/** A batch out of data on the GPU: ranges of its rows where the batch is too large, else of the examples, of which each launch writes what it has. */
export const cutBatch: CutRule<BatchSpec & Partial<BatchRangeSpec>> = ({ spec, reads, writes, ...request }, cutting) => {
  const { rows, examples, inputSize, targetSize, held = { first: 0, count: examples }, firstRow = 0 } = spec;
  const { inputs, targets } = writes;
  const { allInputs, allTargets } = reads;
  const isWide = [inputs!, targets!].some((tensor) => cutting.bytes(tensor) > cutting.most);
  const pair = isWide ? [[inputs!, inputSize], [targets!, targetSize]] as const : [[allInputs!, inputSize], [allTargets!, targetSize]] as const;
  const ranges = rangesOf(isWide ? rows : held.count, pair.map(([tensor, size]) => stepOf(tensor, size)).reduce(lcm), (range) => pair.every(([tensor, size]) => rowsBytes(tensor, range, size) <= cutting.most));
  return ranges?.map((range): Request<BatchRangeSpec> => {
    const [first, second] = pair.map(([tensor, size]) => rowsOf(tensor, range, size, cutting));
    return {
      ...request, family: rangeFamily,
      ...(isWide
        ? { spec: { ...spec, held, rows: range.count, firstRow: firstRow + range.first }, reads, writes: { inputs: first!, targets: second! } }
        : { spec: { ...spec, held: { first: held.first + range.first, count: range.count }, firstRow }, reads: { ...reads, allInputs: first!, allTargets: second! }, writes }),
    };
  });
};
