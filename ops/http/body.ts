import type { IncomingMessage } from 'node:http';

export type BodyErrorCode =
  'http/body-too-large' | 'http/media-type' | 'http/body-timeout' | 'http/body-aborted';

/** HTTP status of each. */
export const bodyStatus: Readonly<Record<BodyErrorCode, number>> = {
  'http/body-too-large': 413,
  'http/media-type': 415,
  'http/body-timeout': 408,
  'http/body-aborted': 400
};

export class BodyError extends Error {
  readonly code: BodyErrorCode;
  constructor(code: BodyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BodyError';
    this.code = code;
  }
}

/**
 * Reads a request's body, at most `maxOctets`, within `deadlineMs`. `mediaTypes` in lower case, without parameters;
 * a request of another type, or without one, is refused before a byte is read. Content codings are refused as a
 * media type: a small body could unpack into a large one.
 */
export async function readBody(
  request: IncomingMessage,
  limits: { readonly maxOctets: number; readonly deadlineMs: number; readonly mediaTypes: readonly string[] }
): Promise<Buffer> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (!limits.mediaTypes.includes(type))
    throw new BodyError('http/media-type', 'this media type is not accepted');
  const coding = request.headers['content-encoding'] ?? 'identity';
  if (coding !== 'identity') throw new BodyError('http/media-type', 'no content coding is accepted');
  const tooLarge = (): BodyError =>
    new BodyError('http/body-too-large', `more than ${limits.maxOctets} octets`);
  if (Number(request.headers['content-length'] ?? 0) > limits.maxOctets) throw tooLarge();
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let octets = 0;
    const finish = (error: BodyError | undefined): void => {
      clearTimeout(timer);
      request.removeListener('data', take);
      // What still comes is read and dropped, or the answer would not get through.
      request.resume();
      if (error === undefined) resolve(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts));
      else reject(error);
    };
    const take = (part: Buffer): void => {
      octets += part.length;
      if (octets > limits.maxOctets) finish(tooLarge());
      else parts.push(part);
    };
    const timer = setTimeout(
      () => finish(new BodyError('http/body-timeout', `the body took longer than ${limits.deadlineMs} ms`)),
      limits.deadlineMs
    );
    request.on('data', take);
    request.once('end', () => finish(undefined));
    request.once('close', () => finish(new BodyError('http/body-aborted', 'the client went away')));
    request.once('error', cause =>
      finish(new BodyError('http/body-aborted', 'the body broke off', { cause }))
    );
  });
}
