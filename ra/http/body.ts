import type { IncomingMessage } from 'node:http';
import { Refusal } from '../refusal.js';

/**
 * Reads a body of at most `max` octets; `message/too-large` beyond, and what still comes is dropped: with the request
 * destroyed, the connection would be gone before its answer, and the client's certificate with it. A client that
 * goes away rejects with the stream's error.
 */
export function readBody(request: IncomingMessage, max: number): Promise<Uint8Array> {
  // By events: the stream's iterator costs as much as the rest of a small request.
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const refuse = (): void => {
      request.removeListener('data', take);
      request.resume();
      reject(new Refusal('message/too-large'));
    };
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > max) refuse();
      else chunks.push(chunk);
    };
    request.once('error', reject);
    request.once('end', () => resolve(new Uint8Array(Buffer.concat(chunks, length))));
    request.once('close', () => {
      if (!request.complete) reject(new Error('the client went away'));
    });
    if (Number(request.headers['content-length'] ?? 0) > max) refuse();
    else request.on('data', take);
  });
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
