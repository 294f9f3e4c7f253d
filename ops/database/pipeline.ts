import pg, { type Connection, type Submittable } from 'pg';

/** A prepared statement on its way, with what awaits its rows. */
export interface Part {
  /** Its own for ever, see `Sql`. */
  readonly name: string;
  readonly text: string;
  readonly values: readonly (string | Buffer | null)[];
  resolve(rows: unknown[]): void;
  reject(error: unknown): void;
}

/** What the driver keeps of a connection, and its messages; the types of the driver leave them out. */
interface Messages {
  readonly stream: { cork(): void; uncork(): void };
  readonly parsedStatements: Readonly<Record<string, string | undefined>>;
  parse(statement: { name: string; text: string }): void;
  bind(portal: { statement: string; values: readonly (string | Buffer | null)[] }): void;
  describe(what: { type: 'P'; name: string }): void;
  execute(portal: { portal: string }): void;
  sync(): void;
}

/** As the driver hands it over. */
interface FieldsMessage {
  readonly fields: never[];
}
interface RowReader {
  addFields(fields: never[]): void;
  parseRow(fields: never[]): unknown;
}

/**
 * Prepared statements that travel together: one write, one wake of the server and one answer for all of them
 * (PostgreSQL manual, "Frontend/Backend Protocol", "Pipelining", with one Sync at the end). They run in their order; after the first fault the
 * server skips the others, and all that were not answered by then fail with it.
 */
export class Pipeline implements Submittable {
  /** The driver puts its own in front of it, with its timer. */
  callback: (error: Error | null) => void;
  readonly #parts: readonly Part[];
  #at = 0;
  #rows: unknown[] = [];
  /** Of the statements of this connection. */
  #readers!: Map<string, RowReader>;
  #described: RowReader | undefined;

  constructor(parts: readonly Part[]) {
    this.#parts = parts;
    this.callback = () => undefined;
  }

  /** Of the statement that is being answered: by these the driver remembers what the server has parsed. */
  get name(): string | undefined {
    return this.#parts[this.#at]?.name;
  }
  get text(): string | undefined {
    return this.#parts[this.#at]?.text;
  }

  submit(connection: Connection): Error | undefined {
    const messages = connection as unknown as Messages;
    this.#readers = readersOf(messages);
    const parsed = new Map<string, string>();
    for (const { name, text } of this.#parts)
      if ((messages.parsedStatements[name] ?? parsed.get(name) ?? text) !== text)
        return new Error(`prepared statement ${name} has another text`);
      else parsed.set(name, text);
    messages.stream.cork();
    for (const { name, text, values } of this.#parts) {
      if (messages.parsedStatements[name] === undefined && parsed.delete(name))
        messages.parse({ name, text });
      messages.bind({ statement: name, values });
      if (!this.#readers.has(name)) messages.describe({ type: 'P', name: '' });
      messages.execute({ portal: '' });
    }
    messages.sync();
    messages.stream.uncork();
    return undefined;
  }

  handleRowDescription({ fields }: FieldsMessage): void {
    this.#described = newReader();
    this.#described.addFields(fields);
  }

  handleDataRow({ fields }: FieldsMessage): void {
    const reader = this.#described ?? this.#readers.get(this.name ?? '');
    if (reader === undefined) throw new Error('a row that nobody described');
    this.#rows.push(reader.parseRow(fields));
  }

  handleCommandComplete(): void {
    const part = this.#parts[this.#at];
    if (part === undefined) return;
    // What a prepared statement answers never changes: the server refuses it rather than answer otherwise.
    if (!this.#readers.has(part.name)) this.#readers.set(part.name, this.#described ?? newReader());
    this.#described = undefined;
    this.#at += 1;
    part.resolve(this.#rows);
    this.#rows = [];
  }

  handleReadyForQuery(): void {
    this.callback(null);
  }

  handleError(error: Error): void {
    for (; this.#at < this.#parts.length; this.#at += 1) this.#parts[this.#at]?.reject(error);
    this.callback(error);
  }
}

/** How the rows of each statement are read, by connection; a statement described once is not described again. */
const readers = new WeakMap<Messages, Map<string, RowReader>>();

function readersOf(connection: Messages): Map<string, RowReader> {
  let known = readers.get(connection);
  if (known === undefined) {
    known = new Map();
    readers.set(connection, known);
  }
  return known;
}

function newReader(): RowReader {
  return new pg.Result('', pg.types) as unknown as RowReader;
}
