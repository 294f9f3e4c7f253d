import type { IncomingMessage } from 'node:http';
import { RepositoryError } from '../errors.js';

/**
 * Reads a request's body, at most `maxOctets` of it. A body that announces more, or turns out to be more, is
 * `repository/too-large`; what still comes in is thrown away without being kept.
 */
export async function readBody(request: IncomingMessage, maxOctets: number): Promise<Buffer> {
  const tooLarge = () => new RepositoryError('repository/too-large', `the body is over ${maxOctets} octets`);
  if (Number(request.headers['content-length'] ?? 0) > maxOctets) {
    request.resume();
    throw tooLarge();
  }
  const parts: Buffer[] = [];
  let octets = 0;
  try {
    for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      octets += part.length;
      if (octets > maxOctets) {
        request.resume();
        throw tooLarge();
      }
      parts.push(part);
    }
  } catch (cause) {
    if (cause instanceof RepositoryError) throw cause;
    throw new RepositoryError('repository/malformed', 'the request broke off', {}, { cause });
  }
  return Buffer.concat(parts, octets);
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
