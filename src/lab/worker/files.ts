import { DataError, idxDataset, mnist, parseIdx, split, type Bytes, type TrainTest } from 'chainrule';

/** Larger than any data set of this form, small enough to refuse a video before it fills the memory. */
const mostBytes = 256 * 2 ** 20;

/**
 * Digits from dropped files: the four files of MNIST under their usual names, or any two of which one holds images and
 * the other as many labels; these are told apart by their content. Throws typed errors that name the file.
 */
export async function readFiles(files: readonly File[]): Promise<TrainTest> {
  const large = files.find(({ size }) => size > mostBytes);
  if (large) throw new DataError(large.name, `at most ${mostBytes.toLocaleString('en')} bytes`, `${large.size.toLocaleString('en')}`);
  if (files.length >= 4) return mnist(files);
  if (files.length !== 2) {
    throw new DataError('files', 'the four files of MNIST, or two: images and labels', files.length === 1 ? `one file, ${files[0].name}` : `${files.length} files`,
      'Choose them all at once: train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each with or without .gz.');
  }
  const parts = await Promise.all(files.map(readPart));
  const images = parts.find(({ rank }) => rank > 1);
  const labels = parts.find(({ rank }) => rank === 1);
  if (!images || !labels) {
    throw new DataError(files.map(({ name }) => name).join(', '), 'one file of images and one of labels', images ? 'two of images' : 'two of labels');
  }
  const all = await idxDataset({ images: images.bytes, labels: labels.bytes, name: images.name });
  return split(all, 0.9, { seed: 0 });
}

async function readPart(file: File): Promise<{ name: string; bytes: Bytes; rank: number }> {
  const bytes = await file.arrayBuffer();
  try {
    return { name: file.name, bytes, rank: (await parseIdx(bytes)).shape.length };
  } catch (error) {
    // The parser knows bytes only; people know their files by name.
    if (error instanceof Error) error.message = `${file.name}: ${error.message}`;
    throw error;
  }
}
