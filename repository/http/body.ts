import type { IncomingMessage } from 'node:http';
import { RepositoryError } from '../errors.js';

/**
 * Reads a request's body, at most `maxOctets` of it. A body that announces more, or turns out to be more, is
 * `repository/too-large`; what still comes in is thrown away without being kept.
 */
export function readBody(request: IncomingMessage, maxOctets: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const tooLarge = (): void => {
      request.removeAllListeners('data');
      request.resume();
      reject(new RepositoryError('repository/too-large', `the body is over ${maxOctets} octets`));
    };
    if (Number(request.headers['content-length'] ?? 0) > maxOctets) {
      tooLarge();
      return;
    }
    const parts: Buffer[] = [];
    let octets = 0;
    const brokeOff = (cause?: unknown): void => {
      if (!request.readableEnded)
        reject(new RepositoryError('repository/malformed', 'the request broke off', {}, { cause }));
    };
    if (request.destroyed) {
      brokeOff();
      return;
    }
    request.on('data', (part: Buffer) => {
      octets += part.length;
      if (octets > maxOctets) tooLarge();
      else parts.push(part);
    });
    request.once('end', () => {
      const [only] = parts;
      resolve(only !== undefined && parts.length === 1 ? only : Buffer.concat(parts, octets));
    });
    request.once('error', brokeOff);
    request.once('close', () => brokeOff());
  });
}

/** The media type of a body without its parameters, in lower case; undefined when it is not said. */
export function mediaType(request: IncomingMessage): string | undefined {
  const header = request.headers['content-type'];
  return header?.split(';', 1)[0]?.trim().toLowerCase();
}

/** Bodies are taken as they are: no content coding is undone. */
export function isEncoded(request: IncomingMessage): boolean {
  const coding = request.headers['content-encoding'];
  return coding !== undefined && coding.trim().toLowerCase() !== 'identity';
}
