import { sizeOf } from '../ops/tensor.ts';
import type { StepEngine } from './step-engine.ts';
import type { Weights } from './step-extras.ts';

/** The model's outputs for checked inputs, in as few runs as fit. */
export async function predict(engine: StepEngine, flat: Float32Array | Uint32Array, width: number, weights: Weights): Promise<Float32Array> {
  const size = sizeOf(engine.setup.inputShape);
  const rows = flat.length / size;
  const out = new Float32Array(rows * width);
  for (let row = 0, together = rows; row < rows; row += together) {
    const { net, program } = await engine.prediction(Math.min(together, rows - row), weights);
    together = net.rows;
    program.write(net.inputs, flat.subarray(row * size, (row + together) * size));
    engine.run(program, 'predict', 'forward');
    out.set(await program.read(net.outputs), row * width);
  }
  return out;
}
