/** Where a command writes and reads; handed in, so that tests see what a person would see. */
export interface Terminal {
  /** Writes text and a line feed to standard output. */
  out(text: string): void;
  /** Writes text and a line feed to standard error. */
  error(text: string): void;
  /**
   * Shows a line that the next one replaces, or takes it away; absent where standard error is no terminal. What is
   * written with `out` or `error` comes above it.
   */
  readonly status?: (line: string | undefined) => void;
  /** The whole of standard input, refused over `max` octets. */
  input(max: number): Promise<Uint8Array>;
}

/**
 * Text of other people's making in a form that a terminal only shows: control, format (bidi), surrogate,
 * private-use and unassigned characters and line breaks become `\u{…}`. A certificate's name could otherwise
 * move the cursor, colour the screen or hide a part of itself.
 */
export function printable(text: string): string {
  return text.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    character => `\\u{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`
  );
}

/** Rows of `name  value`, the values in one column. */
export function formatFields(fields: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(0, ...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`).join('\n');
}

/** A table with a heading; columns two blanks apart, the last one not padded. */
export function formatTable(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heading, ...rows.map(row => row.map(printable))];
  const widths = heading.map((_, column) => Math.max(...lines.map(line => (line[column] ?? '').length)));
  return lines
    .map(line =>
      line
        .map((cell, column) => (column === heading.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
    )
    .join('\n');
}

/**
 * JSON for other programs; big integers as decimal text, octets as lower-case hexadecimal text. What `printable`
 * makes visible is escaped here: JSON by itself lets bidi characters through.
 */
export function formatJson(value: unknown): string {
  const json = JSON.stringify(
    value,
    (_, entry: unknown) => {
      if (typeof entry === 'bigint') return entry.toString();
      if (entry instanceof Uint8Array) return Buffer.from(entry).toString('hex');
      return entry;
    },
    2
  );
  return json.replace(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu, escapeUnits);
}

/** `\\uXXXX` for each UTF-16 unit, as JSON writes characters beyond the first plane. */
function escapeUnits(character: string): string {
  return Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`
  ).join('');
}
