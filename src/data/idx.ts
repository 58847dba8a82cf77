import { checkNumber, checkOptionNames, DataError, FormatError, OptionError, show } from '../errors.ts';
import { checkLabels, checkMemory } from './check.ts';
import type { Dataset } from './dataset.ts';
import { gunzip, isGzip } from './gzip.ts';
import type { TrainTest } from './transform.ts';

/*
 * IDX, the format of MNIST: 0, 0, type, rank, then rank big-endian u32 dimensions, then the elements row-major.
 * Y. LeCun, C. Cortes, C. Burges: "The MNIST database of handwritten digits".
 */

/** The bytes of an IDX file. */
export interface Idx {
  readonly shape: readonly number[];
  /** product(shape) bytes, row-major. */
  readonly data: Uint8Array<ArrayBuffer>;
}

export type Bytes = Uint8Array | ArrayBuffer;

const types = /* @__PURE__ */ new Map([
  [0x08, 'unsigned byte'], [0x09, 'signed byte'], [0x0b, 'int16'], [0x0c, 'int32'], [0x0d, 'float32'], [0x0e, 'float64'],
]);

/**
 * Reads an IDX file of unsigned bytes, packed with gzip or not.
 * @throws FormatError where the file is broken, cut off, too long, of another element type, or a gzip bomb (see `gunzip`);
 *   DataError where `bytes` are no bytes.
 */
export async function parseIdx(bytes: Bytes): Promise<Idx> {
  return parse(bytes, 'parseIdx');
}

async function parse(source: unknown, who: string): Promise<Idx> {
  const packed = bytesOf(source, who);
  const bytes = isGzip(packed) ? await gunzip(packed, who) : packed;
  const header = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  if (bytes.length < 4) throw new FormatError(who, 'at least 4 bytes', String(bytes.length), 'The file is cut off.');
  if (bytes[0] !== 0 || bytes[1] !== 0) throw new FormatError(who, 'an IDX file, which starts with 00 00', header);
  const type = types.get(bytes[2]);
  if (type !== 'unsigned byte') {
    throw new FormatError(who, 'unsigned bytes (type 08)', type ? `${type} (type ${header.slice(6, 8)})` : `an unknown type ${header.slice(6, 8)}`);
  }
  const rank = bytes[3];
  if (rank < 1 || rank > 8) throw new FormatError(who, '1 to 8 dimensions', String(rank));
  const start = 4 + 4 * rank;
  if (bytes.length < start) throw new FormatError(who, `a header of ${start} bytes`, `${bytes.length} bytes`, 'The file is cut off.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  if (shape.includes(0)) throw new FormatError(who, 'dimensions ≥ 1', show(shape));
  // Rounding beyond 2^53 does not matter: no such product equals the length of a file.
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  const rest = bytes.length - start;
  if (rest !== size) {
    throw new FormatError(who, `${size} bytes of data for ${show(shape)}`, String(rest), rest < size ? 'The file is cut off.' : 'The file has bytes after its end.');
  }
  return { shape, data: bytes.slice(start) };
}

function bytesOf(source: unknown, who: string): Uint8Array<ArrayBuffer> {
  if (source instanceof ArrayBuffer) {
    const bytes = source.byteLength === 0 ? undefined : new Uint8Array(source);
    if (!bytes) throw new FormatError(who, 'at least 4 bytes', '0', 'The file is empty or its memory was given away.');
    return bytes;
  }
  if (!(source instanceof Uint8Array)) throw new DataError(who, 'a Uint8Array or an ArrayBuffer', show(source), 'Read the file: new Uint8Array(await file.arrayBuffer()).');
  checkMemory(who, 'bytes', source);
  return source as Uint8Array<ArrayBuffer>;
}

export interface IdxOptions {
  /** Images [n, …] of grey values, packed with gzip or not. */
  images: Bytes;
  /** Labels [n]: a class index for each image. */
  labels: Bytes;
  /** A name for people. Default 'IDX'. */
  name?: string;
  /** Number of classes: an integer in [1, 256]. Default 10. */
  classes?: number;
  /** (grey / 255 − mean) / deviation. Default: grey / 255 as it is. MNIST's numbers are 0.1307 and 0.3081. */
  normalize?: { mean: number; deviation: number };
  /** true: inputs [rows · columns]; false: [1, rows, columns]. Default true. */
  flatten?: boolean;
}

/**
 * A data set from two IDX files: inputs are grey values / 255 in [0, 1], targets class indices.
 * @throws FormatError where a file is broken or the numbers of images and labels differ; DataError for a label out of range
 *   (the message names its row); OptionError where an option is unknown or out of range.
 */
export async function idxDataset(options: IdxOptions): Promise<Dataset> {
  const who = 'idxDataset';
  checkOptionNames(who, options, ['images', 'labels', 'name', 'classes', 'normalize', 'flatten']);
  const { name = 'IDX', classes = 10, normalize = { mean: 0, deviation: 1 }, flatten = true } = options;
  if (typeof name !== 'string') throw new OptionError(who, 'name to be text', show(name));
  if (typeof flatten !== 'boolean') throw new OptionError(who, 'flatten to be true or false', show(flatten));
  checkNumber(who, 'classes', classes, { min: 1, max: 256, integer: true });
  checkOptionNames(who, normalize, ['mean', 'deviation']);
  const mean = checkNumber(who, 'normalize.mean', normalize.mean, { min: -1e6, max: 1e6 });
  const deviation = checkNumber(who, 'normalize.deviation', normalize.deviation, { min: 1e-6, max: 1e6 });
  const images = await parse(options.images, `${who} images`);
  const labels = await parse(options.labels, `${who} labels`);
  if (images.shape.length < 2) throw new FormatError(who, 'images [n, rows, columns]', show(images.shape), 'Are images and labels exchanged?');
  if (labels.shape.length !== 1) throw new FormatError(who, 'labels [n]', show(labels.shape), 'Are images and labels exchanged?');
  const [length] = images.shape;
  if (labels.shape[0] !== length) throw new FormatError(who, 'as many labels as images', `${length} images and ${labels.shape[0]} labels`);
  checkLabels(who, labels.data, classes);
  // A table makes it one division for each of 256 grey values instead of one for each pixel.
  const grey = Float32Array.from({ length: 256 }, (_, value) => (value / 255 - mean) / deviation);
  const inputs = new Float32Array(images.data.length);
  for (let i = 0; i < inputs.length; i++) inputs[i] = grey[images.data[i]];
  return {
    name, length, inputs, classes,
    inputShape: flatten ? [inputs.length / length] : [1, ...images.shape.slice(1)],
    targets: Uint32Array.from(labels.data), targetShape: [],
  };
}

/** A file that somebody picked or dropped: the browser's `File` fits. */
export interface NamedFile {
  readonly name: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

const mnistNames = ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'];

/**
 * MNIST, or a set in its form (Fashion-MNIST, KMNIST), from its four files. They keep their usual names: train-images-idx3-ubyte,
 * train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each with or without .gz, and with - or . before idx.
 * @param files Bytes by file name, or files that were picked. Other names are ignored.
 * @param options As for `idxDataset`.
 * @throws DataError where one of the four is missing or comes twice; else as `idxDataset`.
 */
export async function mnist(
  files: Readonly<Record<string, Bytes>> | Iterable<NamedFile>,
  options: Pick<IdxOptions, 'name' | 'normalize' | 'flatten'> = {},
): Promise<TrainTest> {
  const who = 'mnist';
  checkOptionNames(who, options, ['name', 'normalize', 'flatten']);
  if (files === null || typeof files !== 'object') throw new DataError(who, 'files by name', show(files));
  const found = new Map<string, () => Promise<Bytes> | Bytes>();
  const add = (name: string, read: () => Promise<Bytes> | Bytes): void => {
    const known = name.replace(/^.*[/\\]/, '').replace(/\.gz$/, '').replace('.idx', '-idx');
    if (!mnistNames.includes(known)) return;
    if (found.has(known)) throw new DataError(who, `${known} once`, 'two such files');
    found.set(known, read);
  };
  if (Symbol.iterator in files) for (const file of files as Iterable<NamedFile>) add(String(file.name), () => file.arrayBuffer());
  else for (const [name, bytes] of Object.entries(files)) add(name, () => bytes);
  const read = mnistNames.map((name) => {
    const file = found.get(name);
    if (!file) throw new DataError(who, `${name}, or with .gz`, 'no such file');
    return file;
  });
  const { name = 'MNIST' } = options;
  const part = async (images: number, labels: number): Promise<Dataset> =>
    idxDataset({ ...options, name, images: await read[images](), labels: await read[labels]() });
  return { train: await part(0, 1), test: await part(2, 3) };
}
