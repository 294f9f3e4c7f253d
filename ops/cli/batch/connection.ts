import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { CliError } from '../exit.js';
import { readTextFile } from '../file.js';

/** Where the registration authority is, and as whom it is asked. */
export interface BatchAccess {
  /** Base URL of the RA's public listener. */
  readonly ra: string;
  /** PEM files: whom to trust there; certificate and key of an Authorised System registered for `batch`. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** How `--endpoints`, `--ra`, `--ca`, `--cert`, `--key` and `--as` arrive. */
export interface AccessOptions {
  readonly endpoints?: string;
  readonly as: 'maker' | 'supplier';
  readonly ra?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

const endpointsFile = z.object({
  ra: z.object({ url: z.url() }),
  tls: z.object({
    ca: z.string(),
    clientCert: z.string(),
    clientKey: z.string(),
    makerCert: z.string(),
    makerKey: z.string()
  })
});

/** Options go before what endpoints.json says; together they must say everything. */
export async function accessOf(options: AccessOptions): Promise<BatchAccess> {
  const told = options.endpoints === undefined ? {} : await readEndpoints(options.endpoints, options.as);
  const { ra, ca, cert, key } = { ...told, ...definedOf(options) };
  if (ra === undefined || ca === undefined || cert === undefined || key === undefined)
    throw new CliError('cli/option', '--endpoints, or all of --ra, --ca, --cert and --key');
  if (!URL.canParse(ra) || new URL(ra).protocol !== 'https:')
    throw new CliError('cli/option', '--ra is not an https URL');
  return { ra: ra.replace(/\/+$/, ''), ca, cert, key };
}

async function readEndpoints(file: string, as: AccessOptions['as']): Promise<BatchAccess> {
  const text = await readTextFile(file);
  const read = endpointsFile.safeParse(parsed(text));
  if (!read.success) throw new CliError('cli/option', `${file} is no endpoints.json`);
  const { ra, tls } = read.data;
  const own =
    as === 'maker'
      ? { cert: tls.makerCert, key: tls.makerKey }
      : { cert: tls.clientCert, key: tls.clientKey };
  return { ra: ra.url, ca: tls.ca, ...own };
}

function definedOf({ ra, ca, cert, key }: AccessOptions): Partial<BatchAccess> {
  return Object.fromEntries(Object.entries({ ra, ca, cert, key }).filter(([, value]) => value !== undefined));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * DESIGN: silence after which a connection is given up: longer than a registration authority takes to store 50,000
 * requests before it answers, and than its own limits on silent clients.
 */
const silenceMs = 120_000;
/** DESIGN: of answers that are read whole: the list of a party's batches. */
const maxAnswerOctets = 16 * 1024 * 1024;

export interface StreamedAnswer {
  readonly status: number;
  readonly body: AsyncIterable<Buffer>;
}

/** A subscriber's connection: bodies and answers pass in pieces, never whole, but where they are small. */
export interface BatchConnection {
  get(path: string, signal: AbortSignal): Promise<StreamedAnswer>;
  /** The answer may come before the body has been taken whole: a refusal. */
  post(
    path: string,
    contentType: string,
    body: AsyncIterable<Uint8Array>,
    signal: AbortSignal
  ): Promise<StreamedAnswer>;
  close(): void;
}

export async function connectAs(access: BatchAccess): Promise<BatchConnection> {
  const [ca, cert, key] = await Promise.all([access.ca, access.cert, access.key].map(readCredential));
  const agent = new Agent({ keepAlive: true, ca, cert, key });
  const send = (
    method: 'GET' | 'POST',
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    body?: AsyncIterable<Uint8Array>
  ): Promise<StreamedAnswer> =>
    new Promise((resolve, reject) => {
      const outgoing = httpsRequest(access.ra + path, { agent, method, headers, signal });
      let answered = false;
      const fail = (cause: unknown): void => {
        // Whoever refuses a body does not wait for its end, and what is left of it fails to be written.
        if (!answered) reject(failure(cause, `${method} ${access.ra}${path}`, signal));
      };
      outgoing.setTimeout(silenceMs, () => outgoing.destroy(new Error(`silent for ${silenceMs} ms`)));
      outgoing.once('error', fail);
      outgoing.once('response', incoming => {
        answered = true;
        resolve({ status: incoming.statusCode ?? 0, body: pieces(incoming, signal) });
      });
      if (body === undefined) outgoing.end();
      else
        pipeline(Readable.from(body, { objectMode: false }), outgoing).catch((error: unknown) => {
          outgoing.destroy();
          // A file that cannot be read is no fault of the connection.
          if (error instanceof CliError && !answered) reject(error);
          else fail(error);
        });
    });
  return {
    get: (path, signal) => send('GET', path, {}, signal),
    post: (path, contentType, body, signal) =>
      send('POST', path, { 'content-type': contentType }, signal, body),
    close: () => agent.destroy()
  };
}

async function readCredential(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new CliError('cli/file', `${file} cannot be read`, { cause });
  }
}

async function* pieces(incoming: IncomingMessage, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    for await (const piece of incoming as AsyncIterable<Buffer>) yield piece;
  } catch (cause) {
    throw failure(cause, 'the answer', signal);
  }
}

function failure(cause: unknown, what: string, signal: AbortSignal): CliError {
  if (signal.aborted) return interrupted();
  const text = cause instanceof Error ? cause.message : String(cause);
  return new CliError('cli/unavailable', `${what}: ${text}`, { cause });
}

export function interrupted(): CliError {
  return new CliError('cli/interrupted', 'stopped; the same command line goes on where this one was');
}

/** A small answer, whole. */
export async function wholeOf({ body }: StreamedAnswer): Promise<Buffer> {
  const parts: Buffer[] = [];
  let octets = 0;
  for await (const part of body) {
    octets += part.length;
    if (octets > maxAnswerOctets) throw new CliError('cli/unavailable', 'the answer is too large');
    parts.push(part);
  }
  return Buffer.concat(parts, octets);
}
