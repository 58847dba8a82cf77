/** The net and the batch whose first step is timed: an MLP 784-128-10 on noise. Each library draws its own weights. */
export const [features, hidden, classes, batch] = [784, 128, 10, 64];

export function noise(): { inputs: Float32Array<ArrayBuffer>; labels: Uint32Array<ArrayBuffer> } {
  return {
    inputs: Float32Array.from({ length: batch * features }, (_, i) => Math.sin(i * i)),
    labels: Uint32Array.from({ length: batch }, (_, i) => (i * 7) % classes),
  };
}
