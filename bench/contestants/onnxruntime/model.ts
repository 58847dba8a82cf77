// An MLP as the bytes of an ONNX model: the few messages of onnx.proto that it needs, written field by field.
import type { HostTensor, Named } from '../../harness/host-tensor.ts';

type Bytes = readonly number[] | Uint8Array;

const [VARINT, LENGTH] = [0, 2];
const FLOAT = 1;
/** ONNX 1.12: Gemm and Relu as they are today. */
const [IR_VERSION, OPSET] = [8, 17];

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

const integer = (field: number, value: number): Bytes => [...varint(field * 8 + VARINT), ...varint(value)];

function joined(parts: readonly Bytes[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A field of bytes: a text, raw numbers, or a message. */
function bytes(field: number, ...parts: Bytes[]): Uint8Array {
  const content = joined(parts);
  return joined([varint(field * 8 + LENGTH), varint(content.length), content]);
}

const text = (field: number, value: string): Uint8Array => bytes(field, new TextEncoder().encode(value));

/** TensorProto. */
const initializer = (name: string, { shape, data }: HostTensor): Uint8Array =>
  bytes(5, ...shape.map((size) => integer(1, size)), integer(2, FLOAT), text(8, name), bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));

/** ValueInfoProto: a name with its shape. */
const value = (field: number, name: string, shape: readonly number[]): Uint8Array =>
  bytes(field, text(1, name), bytes(2, bytes(1, integer(1, FLOAT), bytes(2, ...shape.map((size) => bytes(1, integer(1, size)))))));

/** An integer AttributeProto; 2 is the type INT. */
const attribute = (name: string, number: number): Uint8Array => bytes(5, text(1, name), integer(3, number), integer(20, 2));

/** NodeProto. */
const node = (type: string, inputs: readonly string[], output: string, ...attributes: Uint8Array[]): Uint8Array =>
  bytes(1, ...inputs.map((input) => text(1, input)), text(2, output), text(3, output), text(4, type), ...attributes);

/** The model from x [rows, sizes[0]] to `out`, with weights as PyTorch has them. */
export function mlpModel(sizes: readonly number[], rows: number, parameters: Named<HostTensor>): Uint8Array {
  const layers = sizes.length - 1;
  const nodes: Uint8Array[] = [];
  let from = 'x';
  for (let i = 0; i < layers; i++) {
    const name = String(2 * i);
    const product = i === layers - 1 ? 'out' : `product${i}`;
    nodes.push(node('Gemm', [from, `${name}.weight`, `${name}.bias`], product, attribute('transB', 1)));
    from = product;
    if (i === layers - 1) continue;
    nodes.push(node('Relu', [product], `relu${i}`));
    from = `relu${i}`;
  }
  const graph = bytes(7, ...nodes, text(2, 'mlp'), ...Object.entries(parameters).map(([name, tensor]) => initializer(name, tensor)),
    value(11, 'x', [rows, sizes[0]]), value(12, 'out', [rows, sizes.at(-1)!]));
  return joined([integer(1, IR_VERSION), graph, bytes(8, text(1, ''), integer(2, OPSET))]);
}
