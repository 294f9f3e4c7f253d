import type { IncomingMessage } from 'node:http';
import { Refusal } from '../refusal.js';

export interface UploadDeadlines {
  /** Longest pause between two pieces. */
  readonly idleMs: number;
  readonly totalMs: number;
}

/**
 * The pieces of a request's body, no faster than they are asked for: what is not asked for stays in the sender's
 * socket. Throws the `Refusal` `batch/upload` when a deadline passes or the connection breaks before the end; the
 * connection can still be answered on, if it is there.
 */
export async function* readUpload(
  request: IncomingMessage,
  { idleMs, totalMs }: UploadDeadlines
): AsyncGenerator<Buffer> {
  const pieces = new Pieces(request);
  const until = performance.now() + totalMs;
  try {
    for (;;) {
      const piece = await pieces.next(Math.min(idleMs, until - performance.now()));
      if (piece === undefined) return;
      yield piece;
    }
  } finally {
    pieces.leave();
  }
}

/** A body piece by piece, paused in between; unlike the stream's own iterator it can be left and the rest dropped. */
class Pieces {
  readonly #request: IncomingMessage;
  readonly #arrived: Buffer[] = [];
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(request: IncomingMessage) {
    this.#request = request;
    request.on('data', this.#data);
    for (const event of ['end', 'close', 'error'] as const) request.on(event, this.#end);
  }

  readonly #data = (piece: Buffer): void => {
    this.#request.pause();
    this.#arrived.push(piece);
    this.#wake();
  };

  readonly #end = (): void => {
    this.#ended = true;
    this.#wake();
  };

  /** `undefined` at the end of the body. */
  async next(ms: number): Promise<Buffer | undefined> {
    const ready = this.#arrived.shift();
    if (ready !== undefined) return ready;
    if (!this.#ended) {
      this.#request.resume();
      await this.#wait(ms);
    }
    const piece = this.#arrived.shift();
    if (piece !== undefined) return piece;
    if (!this.#ended) throw new Refusal('batch/upload', 'too slow');
    if (!this.#request.complete) throw new Refusal('batch/upload', 'cut');
    return undefined;
  }

  leave(): void {
    this.#request.removeListener('data', this.#data);
    for (const event of ['end', 'close'] as const) this.#request.removeListener(event, this.#end);
    // A connection that breaks later is nobody's concern any more; the listener for errors stays.
  }

  #wait(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, Math.max(0, ms));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/**
 * After an answer that came before the end of the body: what still comes is dropped, so that the answer can be read
 * and the connection used again, but not for ever. DESIGN: a client that has its answer stops; one that sends on is
 * cut.
 */
export function dropRest(request: IncomingMessage, ms: number): void {
  if (request.complete || request.destroyed) return;
  request.on('error', () => undefined);
  const timer = setTimeout(() => request.destroy(), ms);
  for (const event of ['end', 'close'] as const) request.once(event, () => clearTimeout(timer));
  request.resume();
}
