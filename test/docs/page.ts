/** A Markdown page by its headings: the tables and code blocks that tests hold against the program. */

/** The text under a heading of any level, up to the next of the same level or a higher one. */
export function sectionOf(page: string, heading: string): string {
  const lines = page.split('\n');
  const marks = headingMarks(lines);
  const at = marks.findIndex(({ text }) => text === heading);
  const own = marks[at];
  if (own === undefined) throw new RangeError(`no heading "${heading}"`);
  const next = marks.slice(at + 1).find(({ level }) => level <= own.level);
  return lines.slice(own.line + 1, next?.line).join('\n');
}

function headingMarks(lines: readonly string[]) {
  const marks: { readonly line: number; readonly level: number; readonly text: string }[] = [];
  let inBlock = false;
  for (const [line, text] of lines.entries()) {
    if (text.startsWith('```')) inBlock = !inBlock;
    const mark = inBlock ? null : /^(#+) (.+)$/.exec(text);
    if (mark !== null) marks.push({ line, level: mark[1]?.length ?? 0, text: mark[2] ?? '' });
  }
  return marks;
}

/** Cells of every table row of a text, without heads. */
export function rowsOf(text: string): string[][] {
  const rows: string[][] = [];
  const lines = text.split('\n');
  for (const [at, line] of lines.entries())
    if (line.startsWith('|') && !isRule(line) && !isRule(lines[at + 1] ?? ''))
      rows.push(
        line
          .split('|')
          .slice(1, -1)
          .map(cell => cell.trim())
      );
  return rows;
}

function isRule(line: string): boolean {
  return /^\|[ :|-]+\|$/.test(line);
}

/** What stands in backquotes. */
export function codesIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? '');
}

/** The code blocks of a language. */
export function blocksIn(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\S+)\n([\s\S]*?)^```$/gm)].flatMap(([, name, block]) =>
    name === language ? [block ?? ''] : []
  );
}
