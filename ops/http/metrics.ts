import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Registry } from 'prom-client';
import { listen, type Listener } from './listen.js';

/** One thing a process needs to serve. */
export interface HealthPart {
  readonly ok: boolean;
  /** Why not, as a code or a short state. */
  readonly reason?: string | undefined;
}

export interface HealthSource {
  /** The process itself works; false asks the supervisor for a restart. */
  live(): boolean;
  /** Everything needed to serve, by name: database, audit, signer. */
  ready(): Promise<Readonly<Record<string, HealthPart>>> | Readonly<Record<string, HealthPart>>;
}

export interface MetricsListener extends Listener {
  /** Path of the Unix socket, or the URL. */
  readonly at: string;
}

/** sun_path holds 108 octets with its closing NUL (unix(7)). */
const maxSocketPath = 107;

/** Where a process's socket lies: in its run folder, or under a short name in the temporary folder. */
export function socketPath(runDirectory: string, instance: string): string {
  const wanted = join(runDirectory, `${instance}.sock`);
  if (Buffer.byteLength(wanted) <= maxSocketPath) return wanted;
  const hash = createHash('sha256').update(wanted).digest('hex').slice(0, 16);
  return join(tmpdir(), `opensmki-${process.getuid?.() ?? 0}-${hash}`, 'm.sock');
}

/**
 * `GET /metrics`, `/health/live`, `/health/ready`, on a Unix socket that only its owner may use, or on a loopback
 * port. Nothing else: whoever reaches it learns states and counts, and changes nothing.
 */
export async function metricsServer(
  registry: Registry,
  health: HealthSource,
  at: { readonly socket: string } | { readonly port: number }
): Promise<MetricsListener> {
  const server = createServer((request, response) => {
    void answer(request.url ?? '', request.method ?? '', registry, health, response).catch(() => {
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end();
    });
  });
  if ('port' in at) {
    const listener = await listen(server, { host: '127.0.0.1', port: at.port });
    return { ...listener, at: `http://127.0.0.1:${listener.port}` };
  }
  mkdirSync(join(at.socket, '..'), { recursive: true, mode: 0o700 });
  // A socket file of a killed process refuses the bind.
  rmSync(at.socket, { force: true });
  // The file appears with the process's mask: nobody else may connect even for a moment.
  const mask = process.umask(0o177);
  try {
    const listening = listen(server, { path: at.socket });
    process.umask(mask);
    const listener = await listening;
    chmodSync(at.socket, 0o600);
    return { ...listener, at: at.socket };
  } finally {
    process.umask(mask);
  }
}

async function answer(
  url: string,
  method: string,
  registry: Registry,
  health: HealthSource,
  response: ServerResponse
): Promise<void> {
  if (method !== 'GET') {
    response.writeHead(405, { allow: 'GET' }).end();
    return;
  }
  switch (url.split('?')[0]) {
    case '/metrics':
      response.writeHead(200, { 'content-type': registry.contentType }).end(await registry.metrics());
      return;
    case '/health/live':
      sendState(response, health.live(), {});
      return;
    case '/health/ready': {
      const parts = await health.ready();
      sendState(
        response,
        Object.values(parts).every(part => part.ok),
        parts
      );
      return;
    }
    default:
      response.writeHead(404).end();
  }
}

function sendState(response: ServerResponse, ok: boolean, parts: Readonly<Record<string, HealthPart>>): void {
  response
    .writeHead(ok ? 200 : 503, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify({ status: ok ? 'ok' : 'unavailable', parts }));
}
