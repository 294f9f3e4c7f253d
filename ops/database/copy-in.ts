import type { Connection, Submittable } from 'pg';

/** PostgreSQL manual, "Frontend/Backend Protocol", message formats CopyData, CopyDone, CopyFail. */
const copyData = 0x64;
const copyDone = Buffer.from([0x63, 0, 0, 0, 4]);
const copyFail = Buffer.from([0x66, 0, 0, 0, 5, 0]);

/**
 * One `COPY ... FROM STDIN`, as a query of the driver. The first piece goes out with the statement: a copy of one piece
 * takes one round trip, and a server that refuses the statement ignores the data behind it (same chapter, "COPY
 * Operations"). The rest follows as fast as the socket takes it. A fault of the rows ends the copy with CopyFail and
 * is the one reported; either way the connection is good for the next statement.
 */
export class CopyIn implements Submittable {
  /** The driver puts its own in front of it, with its timer. */
  callback: (error: Error | null) => void;
  readonly #statement: string;
  readonly #pieces: Iterator<Buffer>;
  #piece: Buffer | undefined;
  #fault: Error | undefined;
  #over = false;

  /** Throws what the rows of the first piece throw, before anything is sent. */
  constructor(statement: string, pieces: Iterable<Buffer>, callback: (error: Error | null) => void) {
    this.callback = callback;
    this.#statement = statement;
    this.#pieces = pieces[Symbol.iterator]();
    this.#piece = this.#next();
  }

  submit(connection: Connection): void {
    const { stream } = connection;
    stream.cork();
    connection.query(this.#statement);
    this.#sendPiece(connection);
    stream.uncork();
  }

  handleCopyInResponse(connection: Connection): void {
    while (this.#piece !== undefined && !this.#over)
      if (!this.#sendPiece(connection)) {
        connection.stream.once('drain', () => this.handleCopyInResponse(connection));
        return;
      }
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#over = true;
    this.callback(null);
  }

  handleError(error: Error): void {
    this.#over = true;
    this.callback(this.#fault ?? error);
  }

  /** Sends one piece, and the end behind the last one; false when the socket has enough. */
  #sendPiece({ stream }: Connection): boolean {
    const piece = this.#piece;
    if (piece === undefined) return true;
    const head = Buffer.allocUnsafe(5);
    head.writeInt32BE(piece.length + 4, head.writeUInt8(copyData, 0));
    stream.cork();
    stream.write(head);
    let room = stream.write(piece);
    try {
      this.#piece = this.#next();
      if (this.#piece === undefined) room = stream.write(copyDone);
    } catch (fault) {
      this.#piece = undefined;
      this.#fault = fault as Error;
      room = stream.write(copyFail);
    }
    stream.uncork();
    return room;
  }

  #next(): Buffer | undefined {
    const next = this.#pieces.next();
    return next.done === true ? undefined : next.value;
  }
}
