// The page's part of `npm run tune`: lets kernels compete for the work of common nets on this adapter.
import {
  adam, compile, conv2d, crossEntropy, embedding, flatten, linear, maxPool2d, openDevice, positionalEmbedding, relu, sequential, transformerEncoderLayer,
  type Module, type TunedWork, type TuningStore,
} from 'chainrule';
import { adapterKey, browserKey } from '../nn/tuning/keys.ts';

/** What the command asks for. */
export interface TuneRequest {
  /** Milliseconds for each piece of work. */
  readonly budget: number;
  readonly minimumGain: number;
}

export interface TuneAnswer {
  /** The adapter for people, and as the table names it. */
  readonly name: string;
  readonly adapter: string;
  readonly browser: string;
  readonly work: readonly (TunedWork & { readonly net: string })[];
}

const mlp = (...sizes: readonly number[]): Module => sequential(...sizes.slice(1).flatMap((size, i) => [...(i > 0 ? [relu()] : []), linear(sizes[i]!, size)]));
const transformer = (tokens: number, width: number): Module =>
  sequential(embedding(64, width), positionalEmbedding(tokens, width), transformerEncoderLayer(width, 4, { causal: true, normFirst: true, feedForwardDim: 4 * width }), linear(width, 64));

/** Nets whose products are those of many: narrow and wide, short and long. */
const NETS: readonly { readonly name: string; readonly model: Module; readonly batches: readonly number[]; readonly inputShape?: readonly number[] }[] = [
  { name: 'MLP 784-128-10', model: mlp(784, 128, 10), batches: [1, 16, 64, 256] },
  { name: 'MLP 784-512-512-10', model: mlp(784, 512, 512, 10), batches: [64, 256] },
  { name: 'MLP 64-64-64-8', model: mlp(64, 64, 64, 8), batches: [8, 32, 128] },
  { name: 'LeNet', model: sequential(conv2d(1, 6, 5, { padding: 2 }), relu(), maxPool2d(2), conv2d(6, 16, 5), relu(), maxPool2d(2), flatten(), linear(400, 120), relu(), linear(120, 84), relu(), linear(84, 10)), batches: [32], inputShape: [1, 28, 28] },
  { name: 'transformer layer 64 × 128', model: transformer(64, 128), batches: [2, 8], inputShape: [64] },
];

async function tune({ budget, minimumGain }: TuneRequest): Promise<TuneAnswer> {
  const device = await openDevice();
  // Everything is measured anew, and nothing is kept.
  const store: TuningStore = { get: async () => undefined, set: async () => undefined };
  const work: (TunedWork & { net: string })[] = [];
  try {
    for (const { name, model, batches, inputShape } of NETS) {
      for (const batchSize of batches) {
        await using trainer = await compile(model, { device, loss: crossEntropy(), optimizer: adam(), batchSize, ...(inputShape ? { inputShape } : {}), tune: { table: false, budget, minimumGain, store } });
        work.push(...trainer.tuning!.work.map((one) => ({ ...one, net: `${name}, batch ${batchSize}` })));
        console.info(`${name}, batch ${batchSize}: ${trainer.tuning!.work.length} pieces of work, ${trainer.tuning!.work.filter(({ by }) => by === 'measured').length} faster than by the rules`);
      }
    }
    return { name: device.name, adapter: adapterKey(device), browser: browserKey(), work };
  } finally {
    device.destroy();
  }
}

Object.assign(globalThis, { chainruleTune: tune });
