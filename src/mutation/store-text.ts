/** A statement of a WGSL text that stores into a binding: `name[index] = value;` */
interface Store {
  readonly from: number;
  readonly to: number;
  readonly target: string;
  readonly index: string;
  readonly value: string;
}

/** Every plain store to `binding`; `name[i] += …` is none. */
function storesTo(code: string, binding: string): Store[] {
  const stores: Store[] = [];
  for (const match of code.matchAll(new RegExp(`(?<![\\w.])${binding}\\[`, 'g'))) {
    let at = match.index + match[0].length;
    const indexFrom = at;
    for (let depth = 1; depth > 0; at += 1) depth += code[at] === '[' ? 1 : code[at] === ']' ? -1 : 0;
    const [assignment] = /^ = (?!=)/.exec(code.slice(at)) ?? [];
    const end = code.indexOf(';', at);
    // The text's first lines are a comment that tells the formula.
    const isComment = code.slice(code.lastIndexOf('\n', match.index) + 1, match.index).trimStart().startsWith('//');
    if (!assignment || end < 0 || isComment) continue;
    stores.push({ from: match.index, to: end + 1, target: code.slice(match.index, at), index: code.slice(indexFrom, at - 1), value: code.slice(at + assignment.length, end) });
  }
  return stores;
}

/** The text with every store to `binding` rewritten; undefined where there is none. */
export function rewriteStores(code: string, binding: string, rewrite: (store: { target: string; index: string; value: string }) => string): string | undefined {
  const stores = storesTo(code, binding);
  if (stores.length === 0) return undefined;
  return stores.toReversed().reduce((text, { from, to, ...store }) => `${text.slice(0, from)}${rewrite(store)}${text.slice(to)}`, code);
}

/** Elements of a binding's array as the text declares it: `out: array<vec4f, 12>` has 12. */
export function declaredLength(code: string, binding: string): number | undefined {
  const [, length] = new RegExp(`(?<![\\w.])${binding}: array<\\w+, (\\d+)>`).exec(code) ?? [];
  return length === undefined ? undefined : Number(length);
}
