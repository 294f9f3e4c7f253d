import { Agent, request, type AgentOptions } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Sending {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream is sent as it comes, without a length in front. */
  readonly body?: Uint8Array | string | Readable;
  readonly signal?: AbortSignal;
}

/** A TLS client of one listener, with one certificate. */
export class Client {
  readonly #port: () => number;
  readonly #agent: Agent;

  constructor(port: () => number, options: AgentOptions) {
    this.#port = port;
    this.#agent = new Agent({ keepAlive: true, ...options });
  }

  send({ method, path, headers, body, signal }: Sending): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          servername: 'localhost',
          port: this.#port(),
          method,
          path,
          agent: this.#agent,
          headers: { ...headers },
          ...(signal && { signal })
        },
        reply => {
          const chunks: Buffer[] = [];
          reply.on('data', (chunk: Buffer) => chunks.push(chunk));
          reply.on('error', reject);
          reply.on('end', () =>
            resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: Buffer.concat(chunks) })
          );
        }
      );
      sent.on('error', reject);
      if (body instanceof Readable) body.pipe(sent);
      else sent.end(body);
    });
  }

  json(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {}
  ): Promise<Reply> {
    return this.send({
      method,
      path,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) })
    });
  }

  /** For requests whose octets a test sends one by one. */
  get agent(): Agent {
    return this.#agent;
  }

  close(): void {
    this.#agent.destroy();
  }
}
