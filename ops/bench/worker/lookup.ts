/** Relying parties: look-ups over HTTP on kept connections, and the bare query through the same driver beside them. */
import pg from 'pg';
import type { Round } from '../rounds.js';
import type { Job } from './jobs.js';
import { keptConnection, type KeptConnection } from './kept-connection.js';

export interface LookupOptions {
  /** Of the repository's public listener. */
  readonly url: string;
  /** Of the same listener without an audit log. */
  readonly unauditedUrl: string;
  readonly apiKey: string;
  readonly databaseUrl: string;
  /** What is asked for, in turns. */
  readonly keys: readonly { readonly serial: string; readonly eui: string; readonly signedEui: string }[];
}

export const lookups = [
  'download',
  'retrieve',
  'search',
  'retrieve unaudited',
  'search unaudited',
  'bare serial',
  'bare eui'
] as const;
export type Lookup = (typeof lookups)[number];

export interface LookupTask {
  readonly what: Lookup;
  /** Connections, or calls under way at once on a pool. */
  readonly clients: number;
  readonly ms: number;
}

/** DESIGN: as many as a component's own pool has. */
const poolMax = 10;

/** One look-up over HTTP: what is sent, and what its answer's body must be. */
interface Question {
  /** Audited or not. */
  readonly url: string;
  readonly request: () => string;
  readonly holds: (body: Buffer) => boolean;
}

export async function openLookup(options: LookupOptions): Promise<Job<LookupTask, Round>> {
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    max: poolMax,
    application_name: 'bench'
  });
  let turn = 0;
  const next = (): LookupOptions['keys'][number] => options.keys[turn++ % options.keys.length] as never;
  const query = async (name: string, text: string, value: string): Promise<void> => {
    const { rows } = await pool.query<{ der: Buffer }>({ name, text, values: [value] });
    if (rows.length === 0) throw new Error(`nothing found: ${name}`);
  };

  const key = encodeURIComponent(options.apiKey);
  const post = (operation: string, element: string): string => {
    const body = `<?xml version="1.0" encoding="utf-8"?>${element}`;
    const head = `POST /services/${operation}?apikey=${key} HTTP/1.1\r\nhost: localhost\r\n`;
    return `${head}content-type: application/xml\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  };
  const download = (url: string): Question => ({
    url,
    request: () => `GET /certificates/${next().serial}.cer?apikey=${key} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
    holds: body => body[0] === 0x30
  });
  const retrieve = (url: string): Question => ({
    url,
    request: () =>
      post(
        'retrievecertificate',
        `<CertificateDataRequest><CertificateSerial>${next().serial}</CertificateSerial></CertificateDataRequest>`
      ),
    holds: body => body.includes('<CertificateBody>')
  });
  const search = (url: string): Question => ({
    url,
    request: () =>
      post(
        'certificatesearch',
        `<CertificateSearchRequest><CertificateSubjectAltName>${next().eui}</CertificateSubjectAltName></CertificateSearchRequest>`
      ),
    holds: body => body.includes('CertificateSerial')
  });

  /** Over HTTP, or the bare query by itself. */
  const work: Readonly<Record<Lookup, Question | (() => Promise<void>)>> = {
    download: download(options.url),
    retrieve: retrieve(options.url),
    search: search(options.url),
    'retrieve unaudited': retrieve(options.unauditedUrl),
    'search unaudited': search(options.unauditedUrl),
    'bare serial': () =>
      query('bare serial', 'select der from repository.certificate where serial = $1::uuid', next().serial),
    'bare eui': () =>
      query(
        'bare eui',
        'select c.der from repository.certificate_status s join repository.certificate c on c.id = s.certificate where s.eui = $1::bigint',
        next().signedEui
      )
  };
  /** By URL, as many as were ever needed at once. */
  const connections = new Map<string, KeptConnection[]>();
  const asker = (what: Lookup, client: number): (() => Promise<void>) => {
    const one = work[what];
    if (typeof one === 'function') return one;
    const open = connections.get(one.url) ?? [];
    connections.set(one.url, open);
    const kept = open[client];
    const connection = kept === undefined || kept.closed ? keptConnection(one.url) : kept;
    open[client] = connection;
    return async () => {
      const body = await connection.send(one.request());
      if (!one.holds(body)) throw new Error(`not the answer: ${body.toString('latin1', 0, 300)}`);
    };
  };

  return {
    async run({ what, clients, ms }) {
      const latencies: number[] = [];
      const cpu = process.cpuUsage();
      const began = performance.now();
      await Promise.all(
        Array.from({ length: clients }, async (_, client) => {
          const ask = asker(what, client);
          for (let now = performance.now(); now - began < ms;) {
            await ask();
            const after = performance.now();
            latencies.push(after - now);
            now = after;
          }
        })
      );
      const { user, system } = process.cpuUsage(cpu);
      return {
        items: latencies.length,
        elapsedMs: performance.now() - began,
        cpuMicros: user + system,
        latencies
      };
    },
    async close() {
      for (const open of connections.values()) for (const connection of open) connection.close();
      await pool.end();
    }
  };
}
