/** The rows that `rows` names, in that order, each of `size` numbers: an array of the same type. */
export function takeRows<Numbers extends Float32Array | Uint32Array>(from: Numbers, size: number, rows: ArrayLike<number>): Numbers {
  const length = rows.length * size;
  const out = from instanceof Uint32Array ? new Uint32Array(length) : new Float32Array(length);
  for (let index = 0; index < rows.length; index += 1) out.set(from.subarray(rows[index]! * size, (rows[index]! + 1) * size), index * size);
  return out as Numbers;
}
