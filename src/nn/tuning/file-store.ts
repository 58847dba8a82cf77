import { DataError, OptionError, show } from '../../errors.ts';
import { KEPT_CHOICES, type TuningStore } from './store.ts';

/** What `node:fs/promises` has of what is used here: the library is written for browsers, whose types lack it. */
interface FileFunctions {
  readFile(path: string, encoding: 'utf8'): Promise<string>;
  writeFile(path: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

/** What Node keeps builtin modules behind. Asked at run time, so that no bundler of a page sees an import that pages do not have. */
type Host = { readonly process?: { getBuiltinModule?(name: string): unknown } };

/** The last write to each file, for the next to wait for: each adds to what the one before has written, whichever store it is of. */
const lastWrites = new Map<string, Promise<void>>();

const TITLE = 'chainrule kernel choices';

/** The choices in a file's text, oldest first, or undefined where it is another kind of file. */
function parsed(text: string): [string, string][] | undefined {
  try {
    const { title, choices } = JSON.parse(text) as { title?: unknown; choices?: unknown };
    if (title !== TITLE || choices === null || typeof choices !== 'object') return undefined;
    // A record that is no choice counts as none.
    return Object.entries(choices).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  } catch {
    return undefined;
  }
}

/**
 * Keeps what `compile({ tune: { store } })` measures in a file, for Node (≥ 20.16), where there is no browser's database: the newest 500. The file is
 * made when there is something to keep, in a folder that exists, and always replaced as a whole, so that several programs may share it: of
 * two that write at once one may have to measure again. Reading a file that is none of these rejects with a `DataError`, and nothing is written to it:
 * training goes on, and `trainer.tuning.storeProblem` tells. Outside Node an `OptionError`.
 */
export function fileStore(path: string): TuningStore {
  if (typeof path !== 'string' || path === '') throw new OptionError('fileStore', 'the path of a file', show(path));
  const { process } = globalThis as unknown as Host;
  const files = process?.getBuiltinModule?.('node:fs/promises') as FileFunctions | undefined;
  if (!files) throw new OptionError('fileStore', 'Node ≥ 20.16', 'a program without process.getBuiltinModule', 'In a browser leave store out: its own database keeps the choices.');
  // Where the program goes later does not move the file.
  const place = (process!.getBuiltinModule!('node:path') as { resolve(path: string): string }).resolve(path);

  const read = async (): Promise<Map<string, string>> => {
    let text: string;
    try {
      text = await files.readFile(place, 'utf8');
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOENT') return new Map();
      throw error;
    }
    const choices = parsed(text);
    if (!choices) throw new DataError('fileStore', 'a file of kernel choices', `another in ${show(path)}`, 'Give the path of a file that is not there yet.');
    return new Map(choices);
  };
  const write = async (key: string, variant: string): Promise<void> => {
    const kept = await read();
    // Set anew it is the newest.
    kept.delete(key);
    kept.set(key, variant);
    const choices = Object.fromEntries([...kept].slice(-KEPT_CHOICES));
    const draft = `${place}.${crypto.randomUUID()}`;
    try {
      await files.writeFile(draft, `${JSON.stringify({ title: TITLE, choices }, undefined, 1)}\n`);
      await files.rename(draft, place);
    } catch (error) {
      // What cannot be written leaves nothing beside the file; there may be no draft to take away.
      await files.unlink(draft).catch(() => undefined);
      throw error;
    }
  };
  return {
    get: async (key) => (await read()).get(key),
    set: (key, variant) => {
      const mine = (lastWrites.get(place) ?? Promise.resolve()).catch(() => undefined).then(() => write(key, variant));
      lastWrites.set(place, mine);
      const forget = (): void => { if (lastWrites.get(place) === mine) lastWrites.delete(place); };
      mine.then(forget, forget);
      return mine;
    },
  };
}
