import type { DestinationStream } from 'pino';

/** By this pino is told to say the level of each line before it is written. */
const metadata = Symbol.for('pino.metadata');

/** pino's number for a warning. */
const warning = 40;

/**
 * Writes the lines of one turn of the event loop together: under load the answers of dozens of requests end in a turn,
 * and a write a line would take longer than making the line. A warning or worse goes out at once, with all before it,
 * and what is left goes out when the process exits: only who is killed loses a turn's lines.
 */
export class LogLines implements DestinationStream {
  readonly [metadata] = true;
  /** Of the line that is written next; set by pino. */
  lastLevel = 0;
  readonly #write: (text: string) => void;
  #text = '';

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  write(line: string): void {
    const first = this.#text === '';
    this.#text += line;
    if (this.lastLevel >= warning) this.flushSync();
    else if (first) setImmediate(() => this.flushSync());
  }

  /** pino calls it before a fatal end. */
  flushSync(): void {
    const text = this.#text;
    this.#text = '';
    if (text !== '') this.#write(text);
  }
}
