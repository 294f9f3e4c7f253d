import type { Server } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { ListenOptions } from 'node:net';

export interface Listener {
  /** The real port; 0 for a Unix socket. */
  readonly port: number;
  /** Takes no new connection, ends idle ones, waits for requests under way until the deadline, then cuts. */
  close(deadlineMs?: number): Promise<void>;
}

/**
 * Limits against clients that are slow on purpose. DESIGN: headers within 10 s and a whole request within 30 s (the
 * largest public one has 8 KiB); connections idle for 65 s end, longer than the 60 s at which proxies let theirs go;
 * a client that does not read its answer is cut when nothing has moved for 60 s, twice the longest wait of a request.
 */
const limits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  timeout: 60_000,
  maxHeadersCount: 64
} as const;

/** DESIGN: open connections of one listener; each costs a descriptor and, with TLS, some 50 KiB. */
const maxConnections = 2_000;

/** Time for a request that is no upload, from its first octet to its last. */
export const requestTimeoutMs = limits.requestTimeout;

/**
 * Starts a server made by node:http or node:https, with our limits, and answers when it listens. A listener that
 * takes uploads has a longer time for a request, and a deadline of its own for the others (`withBodyDeadline`).
 */
export async function listen(
  server: Server | SecureServer,
  at: { readonly host: string; readonly port: number } | { readonly path: string },
  { requestTimeout = limits.requestTimeout }: { readonly requestTimeout?: number } = {}
): Promise<Listener> {
  Object.assign(server, limits, { requestTimeout });
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at as ListenOptions, () => {
      server.removeListener('error', reject);
      // Of a connection that could not be taken, such as for want of descriptors: the next one may be.
      server.on('error', () => undefined);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === 'string' ? 0 : (address?.port ?? 0),
    close: (deadlineMs = 5_000) => closeServer(server, deadlineMs)
  };
}

/** `server.close()` alone waits for every kept-alive connection to time out. */
async function closeServer(server: Server | SecureServer, deadlineMs: number): Promise<void> {
  if (!server.listening) return;
  // A request that is being answered now ends its connection, too.
  server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'));
  const closed = new Promise<void>(resolve => server.close(() => resolve()));
  const idle = setInterval(() => server.closeIdleConnections(), 20);
  const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
  server.closeIdleConnections();
  await closed;
  clearInterval(idle);
  clearTimeout(deadline);
}
