// Snapshots for the suite: nets on the simulated GPU with all of their launches, and with bugs planted on the way.

import type { LaunchRecord, Meaning, Snapshot } from '../../src/program/graph.ts';
import { float32Ops } from '../unit/float32-ops.ts';
import type { Tensor32 } from '../unit/float32-ops.ts';
import type { Net } from '../unit/simulated-gpu.ts';

/** Changes what one launch wrote, before anything else reads it. */
export type Tamper = (output: { label: string; meaning: Meaning; name: string }, data: Float32Array) => void;

export interface RunOptions {
  /** Tensors to differentiate by. Default: every parameter. */
  readonly wanted?: readonly number[];
  readonly tamper?: Tamper;
}

/** Runs a net forward and backward with one launch for each node and direction, and one for each sum of gradients. */
export function runNet(net: Net, seeds: readonly { tensor: number; cotangent?: Float32Array }[], options: RunOptions = {}): Snapshot {
  const { tensors, nodes } = net;
  const wanted = options.wanted ?? tensors.filter(({ role }) => role === 'parameter').map(({ id }) => id);
  // Only nodes on the way to a wanted tensor have a backward pass.
  const onTheWay = new Set(wanted);
  for (const { inputs: ids, outputs: { out } } of nodes) if (Object.values(ids).some((id) => onTheWay.has(id))) onTheWay.add(out);
  const data: Tensor32[] = [...net.data];
  const launches: LaunchRecord[] = [];
  const computed: Record<number, Float32Array> = {};
  const write = (label: string, kernel: string, outputs: readonly { meaning: Meaning; data: Float32Array }[]): void => {
    launches.push({
      label, kernel,
      outputs: outputs.map((output) => {
        const { meaning } = output;
        const id = meaning.kind === 'contribution' ? nodes[meaning.node].inputs[meaning.input] : meaning.tensor;
        options.tamper?.({ label, meaning, name: tensors[id].name }, output.data);
        return { binding: 'out', shape: tensors[id].shape, meaning, data: output.data.slice() };
      }),
    });
  };
  const inputs = (ids: Readonly<Record<string, number>>): Record<string, Tensor32> =>
    Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, data[id]]));
  for (const { op, options: of, label, inputs: ids, outputs: { out } } of nodes) {
    const result = float32Ops[op].forward(inputs(ids), of);
    // A view shares its memory with what it views; here everything has its own.
    const values = Float32Array.from(result.data);
    write(label, op, [{ meaning: { kind: 'value', tensor: out }, data: values }]);
    data[out] = { shape: result.shape, data: values };
    computed[out] = values;
  }
  const gradients = new Map<number, Float32Array>();
  const parts = new Map<number, Float32Array[]>();
  const full = seeds.map(({ tensor, cotangent }) => ({ tensor, cotangent: cotangent ?? new Float32Array(data[tensor].data.length).fill(1) }));
  const readers = (id: number): number => full.filter(({ tensor }) => tensor === id).length
    + nodes.reduce((sum, { inputs: ids }) => sum + Object.values(ids).filter((input) => input === id).length, 0);
  const add = (id: number, part: Float32Array): void => void parts.set(id, [...(parts.get(id) ?? []), part]);
  const gather = (id: number): Float32Array | undefined => {
    const list = parts.get(id);
    if (!list || gradients.has(id)) return gradients.get(id);
    const sum = list.reduce((total, part) => total.map((value, i) => Math.fround(value + part[i])));
    if (list.length > 1) write(`${tensors[id].name}.sum`, 'sum', [{ meaning: { kind: 'gradient', tensor: id }, data: sum }]);
    gradients.set(id, sum);
    return sum;
  };
  for (const { tensor, cotangent } of full) add(tensor, cotangent);
  for (let index = nodes.length - 1; index >= 0; index--) {
    const { op, options: of, label, inputs: ids, outputs: { out } } = nodes[index];
    const dout = gather(out);
    if (!dout || !onTheWay.has(out)) continue;
    const found = float32Ops[op].backward(inputs(ids), data[out], dout, of);
    write(`${label}.backward`, `${op}-backward`, Object.entries(found).map(([input, part]) => ({
      meaning: readers(ids[input]) > 1 ? { kind: 'contribution', node: index, input } : { kind: 'gradient', tensor: ids[input] }, data: part,
    })));
    for (const [input, part] of Object.entries(found)) add(ids[input], part);
  }
  const outs = new Set(nodes.map(({ outputs }) => outputs.out));
  return {
    graph: { tensors, nodes },
    values: Object.fromEntries(tensors.filter(({ id }) => !outs.has(id)).map(({ id }) => [id, data[id].data])),
    seeds: full,
    gradients: Object.fromEntries(wanted.map((id) => [id, (gather(id) ?? new Float32Array(data[id].data.length)).slice()])),
    computed, adapter: 'simulated float32', launches,
  };
}

/** The id of a tensor by its name. */
export function idOf({ graph }: Snapshot, name: string): number {
  const tensor = graph.tensors.find((candidate) => candidate.name === name);
  if (!tensor) throw new Error(`no tensor ${name}`);
  return tensor.id;
}

/** A copy whose gradients may be changed. What launches wrote stays as it was, unless `everywhere`. */
export function copyOf(snapshot: Snapshot): Snapshot {
  const copied = (record: Readonly<Record<number, Float32Array>>): Record<number, Float32Array> =>
    Object.fromEntries(Object.entries(record).map(([id, data]) => [id, data.slice()]));
  return { ...snapshot, gradients: copied(snapshot.gradients), computed: copied(snapshot.computed) };
}
