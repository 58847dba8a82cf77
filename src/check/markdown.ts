/** GitHub takes 65,536 characters in a comment or an issue; the rest is for whoever pastes. */
const MOST_CHARACTERS = 65_000;

/** Rows and characters of one table: two of them leave room for the words around. */
const MOST_ROWS = 200;
const MOST_ROW_CHARACTERS = 24_000;

/** Control and format characters: terminals obey them (escape sequences), readers don't see them (reversed text). */
const UNPRINTABLE = /[\p{Cc}\p{Cf}]/gu;

/** One line of text as it can be shown: names and drivers must not steer the terminal nor begin a new line. */
export function printable(line: string): string {
  return line.replaceAll(/[\t\n\r]/g, ' ').replaceAll(UNPRINTABLE, '');
}

/** Text as text in GitHub's Markdown: what users and drivers call things becomes no markup, no mention and no new line. */
export function escaped(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(UNPRINTABLE, '')
    .replaceAll(/[\\`*_{}[\]<>|#~&]/g, (character) => `\\${character}`)
    // A zero-width space: no entity and no backslash keeps GitHub from notifying people.
    .replaceAll('@', '@\u200b');
}

/** A row of a table, of cells that are escaped already. */
function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** One row of a table's body; `wrong` rows are the last to be left out. */
export interface Row {
  readonly cells: readonly string[];
  readonly wrong?: boolean;
}

/** A table; numbers stand right. Rows that are too many are counted instead of listed. */
export function markdownTable(titles: readonly string[], rows: readonly Row[], isNumber: readonly boolean[] = []): string[] {
  const texts = rows.map(({ cells }) => row(cells.map(escaped)));
  const shown = new Set<number>();
  let characters = 0;
  const order = [...rows.keys()].sort((a, b) => Number(rows[b]!.wrong ?? false) - Number(rows[a]!.wrong ?? false));
  for (const index of order) {
    characters += texts[index]!.length + 1;
    if (shown.size >= MOST_ROWS || characters > MOST_ROW_CHARACTERS) break;
    shown.add(index);
  }
  const left = rows.length - shown.size;
  const wrong = rows.filter((one, index) => one.wrong && !shown.has(index)).length;
  return [
    row(titles.map(escaped)), row(titles.map((_, column) => (isNumber[column] ? '---:' : '---'))), ...texts.filter((_, index) => shown.has(index)),
    ...(left > 0 ? ['', `and ${left.toLocaleString('en-US')} more${wrong > 0 ? `, ${wrong.toLocaleString('en-US')} of them wrong` : ', none of them wrong'}`] : []),
  ];
}

/** A block of text as it is: with a fence longer than any inside. */
export function fenced(lines: readonly string[]): string[] {
  const longest = Math.max(2, ...lines.flatMap((line) => (line.match(/`+/g) ?? []).map(({ length }) => length)));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}text`, ...lines.map(printable), fence];
}

/** The lines as one text that a comment can hold: those beyond are counted. */
export function markdownText(lines: readonly string[]): string {
  let characters = 0;
  const fit = lines.findIndex((line) => (characters += line.length + 1) > MOST_CHARACTERS);
  if (fit < 0) return lines.join('\n').trimEnd();
  return [...lines.slice(0, fit), '', `… and ${(lines.length - fit).toLocaleString('en-US')} more lines: the report as text or JSON has them`].join('\n');
}
