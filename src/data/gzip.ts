import { FormatError } from '../errors.ts';

/** Output that a file may always have, and beyond that the most output for each byte of the file, and the most of all. */
const freeBytes = 64 * 2 ** 20;
const mostRatio = 200;
const mostBytes = 2 ** 30;

/** True where the bytes start as a gzip file does (RFC 1952). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The content of a gzip file of one member.
 * @throws FormatError where the file is broken, has bytes after its end, or would unpack to more than 64 MiB and more than
 *   200 times its size, or to more than 1 GiB. Unpacking stops there: a bomb of a few kilobytes takes no more memory.
 */
export async function gunzip(bytes: Uint8Array<ArrayBuffer>, who: string): Promise<Uint8Array<ArrayBuffer>> {
  const limit = Math.min(mostBytes, Math.max(freeBytes, mostRatio * bytes.length));
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const chunk = await reader.read().catch((cause: unknown) => {
      throw new FormatError(who, 'a whole gzip file', `a broken one (${cause instanceof Error ? cause.message : 'unknown'})`, 'Download it again.');
    });
    if (chunk.done) break;
    length += chunk.value.length;
    if (length > limit) {
      await reader.cancel().catch(() => undefined);
      throw new FormatError(who, `at most ${limit} bytes out of ${bytes.length} bytes of gzip`, 'more', 'Unpack the file first if you trust it.');
    }
    chunks.push(chunk.value);
  }
  // The last four bytes hold the length: engines differ in whether they refuse what follows the first member.
  const stated = bytes.length >= 18 ? new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true) : -1;
  if (stated !== length % 2 ** 32) {
    throw new FormatError(who, 'one gzip member and nothing after it', `${length} bytes where its end says ${stated}`, 'Download it again.');
  }
  const out = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}
