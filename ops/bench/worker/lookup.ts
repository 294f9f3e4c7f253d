/** Relying parties: look-ups over HTTP on kept connections, and the bare query through the same driver beside them. */
import { Agent, request as httpRequest } from 'node:http';
import pg from 'pg';
import type { Round } from '../rounds.js';
import type { Job } from './jobs.js';

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

export async function openLookup(options: LookupOptions): Promise<Job<LookupTask, Round>> {
  const agents: Agent[] = [];
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    max: poolMax,
    application_name: 'bench'
  });
  let turn = 0;
  const next = (): LookupOptions['keys'][number] => options.keys[turn++ % options.keys.length] as never;
  const key = encodeURIComponent(options.apiKey);
  const service = (operation: string): string => `/services/${operation}?apikey=${key}`;
  const post = (agent: Agent, url: string, operation: string, xml: string): Promise<Buffer> =>
    send(agent, url, 'POST', service(operation), `<?xml version="1.0" encoding="utf-8"?>${xml}`);
  const query = async (name: string, text: string, value: string): Promise<void> => {
    const { rows } = await pool.query<{ der: Buffer }>({ name, text, values: [value] });
    if (rows.length === 0) throw new Error(`nothing found: ${name}`);
  };
  const holding = (answer: Buffer, expected: string): void => {
    if (!answer.includes(expected)) throw new Error(`not the answer: ${answer.toString('latin1', 0, 300)}`);
  };

  const retrieve = async (agent: Agent, url: string): Promise<void> => {
    const { serial } = next();
    const xml = `<CertificateDataRequest><CertificateSerial>${serial}</CertificateSerial></CertificateDataRequest>`;
    holding(await post(agent, url, 'retrievecertificate', xml), '<CertificateBody>');
  };
  const search = async (agent: Agent, url: string): Promise<void> => {
    const { eui } = next();
    const xml = `<CertificateSearchRequest><CertificateSubjectAltName>${eui}</CertificateSubjectAltName></CertificateSearchRequest>`;
    holding(await post(agent, url, 'certificatesearch', xml), 'CertificateSerial');
  };

  const work: Readonly<Record<Lookup, (agent: Agent) => Promise<void>>> = {
    async download(agent) {
      const answer = await send(
        agent,
        options.url,
        'GET',
        `/certificates/${next().serial}.cer?apikey=${key}`
      );
      if (answer[0] !== 0x30) throw new Error('not a certificate');
    },
    retrieve: agent => retrieve(agent, options.url),
    search: agent => search(agent, options.url),
    'retrieve unaudited': agent => retrieve(agent, options.unauditedUrl),
    'search unaudited': agent => search(agent, options.unauditedUrl),
    'bare serial': () =>
      query('bare serial', 'select der from repository.certificate where serial = $1::uuid', next().serial),
    'bare eui': () =>
      query(
        'bare eui',
        'select c.der from repository.certificate_status s join repository.certificate c on c.id = s.certificate where s.eui = $1::bigint',
        next().signedEui
      )
  };

  return {
    async run({ what, clients, ms }) {
      while (agents.length < clients) agents.push(new Agent({ keepAlive: true, maxSockets: 1 }));
      const latencies: number[] = [];
      const cpu = process.cpuUsage();
      const began = performance.now();
      await Promise.all(
        agents.slice(0, clients).map(async agent => {
          for (let now = performance.now(); now - began < ms;) {
            await work[what](agent);
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
      for (const agent of agents) agent.destroy();
      await pool.end();
    }
  };
}

function send(
  agent: Agent,
  base: string,
  method: 'GET' | 'POST',
  path: string,
  body?: string
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers =
      body === undefined ? {} : { 'content-type': 'application/xml', 'content-length': body.length };
    const outgoing = httpRequest(base + path, { agent, method, headers }, answer => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('error', reject);
      answer.on('end', () => {
        const content = Buffer.concat(parts);
        if (answer.statusCode === 200) resolve(content);
        else
          reject(
            new Error(`${path} was answered ${answer.statusCode}: ${content.toString('latin1', 0, 200)}`)
          );
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
