import type { Device } from 'chainrule';
import type { Report } from 'chainrule/gradcheck';

/** What an example gets: where to run, and where its data is. */
export interface ExampleContext {
  readonly device: Device;
  /** True in tests: a few seconds of training, and a weaker goal. */
  readonly reduced: boolean;
  /** A file under ../shared/data. */
  bytes(path: string): Promise<ArrayBuffer>;
  text(path: string): Promise<string>;
  /** Says how it goes. */
  log(line: string): void;
}

/** Whether the goal was reached, in a sentence what came out, after how much work, and the proof of the trained net's gradients. */
export interface ExampleResult {
  readonly passed: boolean;
  readonly summary: string;
  /** Steps of training, of all trainers together. */
  readonly steps: number;
  readonly report: Report;
}

export interface Example {
  readonly title: string;
  /** What must hold after the full run. */
  readonly goal: string;
  readonly run: (context: ExampleContext) => Promise<ExampleResult>;
}

/** The four files of MNIST (8,000 digits to learn from, 1,000 to judge by) under their names, as `mnist` takes them. */
export async function mnistFiles({ bytes }: ExampleContext): Promise<Record<string, ArrayBuffer>> {
  const names = ['train-images-idx3-ubyte.gz', 'train-labels-idx1-ubyte.gz', 't10k-images-idx3-ubyte.gz', 't10k-labels-idx1-ubyte.gz'];
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await bytes(`mnist/${name}`)] as const)));
}
