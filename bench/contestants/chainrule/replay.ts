import { openDevice, type Tensor } from 'chainrule';
import { runRequests, type Request } from 'chainrule/kernels';
import { deviceOpenedBy, record, type RecordedDispatch } from '../../harness/counters.ts';
import type { Evidence, Running } from '../contestant.ts';

/**
 * The library runs the requests once, as it would in a step: it chooses and fuses the kernels. Its dispatches are recorded and made again
 * on the same buffers, all in one pass, as a step has them.
 */
export async function replaying(
  requests: readonly Request[], inputs: ReadonlyMap<Tensor, Float32Array | Uint32Array>, read: Readonly<Record<string, Tensor>>,
): Promise<Running> {
  const { result: opened, device } = await deviceOpenedBy(() => openDevice());
  const names = Object.keys(read);
  let outputs: Readonly<Record<string, Float32Array>> = {};
  const { dispatches } = await record(async () => {
    const values = await runRequests(opened, requests, { inputs, read: names.map((name) => read[name]) });
    outputs = Object.fromEntries(names.map((name, index) => [name, values[index] as Float32Array]));
  });
  if (dispatches.length === 0) throw new Error('replay: needs launches to run again, got none.');
  return {
    device, mode: 'launches as in a training step, in one pass', granularity: 1,
    run: (times) => encode(device, dispatches, times),
    flush: () => undefined,
    prove: async (): Promise<Evidence> => ({ kind: 'outputs', outputs }),
  };
}

function encode(device: GPUDevice, dispatches: readonly RecordedDispatch[], times: number): void {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (let i = 0; i < times; i++) {
    for (const { pipeline, bindGroups, groups } of dispatches) {
      pass.setPipeline(pipeline);
      for (const [index, group] of bindGroups) pass.setBindGroup(index, group);
      pass.dispatchWorkgroups(...groups);
    }
  }
  pass.end();
  device.queue.submit([encoder.finish()]);
}
