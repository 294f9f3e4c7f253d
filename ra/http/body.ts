import type { IncomingMessage } from 'node:http';
import { Refusal } from '../refusal.js';

/**
 * Reads a body of at most `max` octets; `message/too-large` beyond, and what still comes is dropped: with the request
 * destroyed, the connection would be gone before its answer, and the client's certificate with it. A client that
 * goes away rejects with the stream's error.
 */
export async function readBody(request: IncomingMessage, max: number): Promise<Uint8Array> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > max) throw new Refusal('message/too-large');
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > max) {
      request.resume();
      throw new Refusal('message/too-large');
    }
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks, length));
}

/** Media type without parameters, lower case, and the charset parameter; both `undefined` where absent. */
export function contentType(request: IncomingMessage): {
  type: string | undefined;
  charset: string | undefined;
} {
  const header = request.headers['content-type'];
  if (header === undefined) return { type: undefined, charset: undefined };
  const [type, ...parameters] = header.split(';').map(part => part.trim());
  const charset = parameters
    .map(parameter => /^charset\s*=\s*"?([^"\s]+)"?$/i.exec(parameter)?.[1])
    .find(value => value !== undefined);
  return { type: type?.toLowerCase(), charset: charset?.toLowerCase() };
}

/** Aborted when the connection closes before the answer is written. */
export function whileConnected(response: {
  writableFinished: boolean;
  once(event: 'close', listener: () => void): unknown;
}): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}
