import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type AgentOptions } from 'node:https';

/** A small HTTP client on kept-alive connections, for the calls between components and of the command line. */
export interface HttpClient {
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Ends idle connections; calls under way end with an error. */
  close(): void;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'HEAD' | 'DELETE';
  /** Path and query, joined to the client's base URL. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** From the call to the last octet of the answer. */
  readonly timeoutMs: number;
  /** An answer over this many octets is an error. */
  readonly maxAnswerOctets?: number;
  readonly signal?: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The peer could not be reached, did not answer in time or answered too much. Says nothing about the request's effect. */
export class PeerUnavailable extends Error {
  readonly code = 'peer/unavailable';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PeerUnavailable';
  }
}

const defaultMaxAnswerOctets = 16 * 1024 * 1024;

export function createHttpClient(baseUrl: string, tls?: AgentOptions): HttpClient {
  const base = new URL(baseUrl);
  const secure = base.protocol === 'https:';
  // As many sockets as there are calls at once, each kept: a call never waits behind a long poll.
  const agent = secure ? new HttpsAgent({ keepAlive: true, ...tls }) : new HttpAgent({ keepAlive: true });
  const prefix = base.pathname.replace(/\/$/, '');

  return {
    send(request) {
      return new Promise<HttpAnswer>((resolve, reject) => {
        const start = secure ? httpsRequest : httpRequest;
        const { body } = request;
        const bodyHeaders =
          body === undefined
            ? {}
            : { 'content-length': typeof body === 'string' ? Buffer.byteLength(body) : body.length };
        const fail = (what: string, cause?: unknown) => {
          clearTimeout(timer);
          reject(
            new PeerUnavailable(`${request.method} ${base.origin}${prefix}${request.path}: ${what}`, {
              cause
            })
          );
        };
        const outgoing = start(
          {
            agent,
            host: base.hostname,
            port: base.port,
            method: request.method,
            path: prefix + request.path,
            headers: { ...request.headers, ...bodyHeaders },
            ...(request.signal === undefined ? {} : { signal: request.signal })
          },
          incoming => {
            const parts: Buffer[] = [];
            let octets = 0;
            incoming.on('data', (part: Buffer) => {
              octets += part.length;
              if (octets > (request.maxAnswerOctets ?? defaultMaxAnswerOctets)) {
                incoming.destroy();
                fail('the answer is too large');
              } else parts.push(part);
            });
            incoming.once('error', cause => fail('the answer broke off', cause));
            incoming.once('end', () => {
              clearTimeout(timer);
              resolve({
                status: incoming.statusCode ?? 0,
                headers: incoming.headers,
                body: parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
              });
            });
          }
        );
        const timer = setTimeout(() => {
          outgoing.destroy();
          fail(`no answer within ${request.timeoutMs} ms`);
        }, request.timeoutMs);
        outgoing.once('error', cause => fail(cause.message, cause));
        outgoing.end(body);
      });
    },
    close() {
      agent.destroy();
    }
  };
}
