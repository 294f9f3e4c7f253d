/** Subscribers of the Ad Hoc Device CSR web service: mutual TLS on connections that are kept, one request each at a time. */
import { readFileSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SubscriberFiles } from '../../launch/clients.js';
import type { Round } from '../rounds.js';
import type { Job } from './jobs.js';
import { unpackRequests } from './requests.js';

export interface AdHocOptions {
  /** Address of the web service. */
  readonly url: string;
  readonly parties: readonly SubscriberFiles[];
  /** Packed; each is sent once. */
  readonly requests: Uint8Array;
}

export interface AdHocTask {
  readonly connections: number;
  /** Which of the requests to send. */
  readonly first: number;
  readonly count: number;
  /** Requests come at this rate whatever the service does; without it each connection sends when it was answered. */
  readonly perSecond?: number | undefined;
}

export interface AdHocRound extends Round {
  readonly statuses: Readonly<Record<string, number>>;
  /** Of answers without a certificate, by code. */
  readonly codes: Readonly<Record<string, number>>;
}

export async function openAdHoc(options: AdHocOptions): Promise<Job<AdHocTask, AdHocRound>> {
  const requests = unpackRequests(options.requests);
  const url = new URL(options.url);
  const identities = options.parties.map(({ ca, certificate, key }) => ({
    ca: readFileSync(ca),
    cert: readFileSync(certificate),
    key: readFileSync(key),
    servername: 'localhost'
  }));
  /** One connection each, kept from one run to the next. */
  const agents: Agent[] = [];

  return {
    async run({ connections, first, count, perSecond }) {
      while (agents.length < connections)
        agents.push(
          new Agent({ keepAlive: true, maxSockets: 1, ...identities[agents.length % identities.length] })
        );
      const statuses: Record<string, number> = {};
      const codes: Record<string, number> = {};
      const latencies: number[] = [];
      let next = first;
      const cpu = process.cpuUsage();
      const began = performance.now();
      const connection = async (agent: Agent): Promise<void> => {
        while (next < first + count) {
          const at = next++;
          const csr = requests[at];
          if (csr === undefined) throw new RangeError(`there is no request ${at}`);
          const due = perSecond === undefined ? undefined : began + ((at - first) * 1_000) / perSecond;
          if (due !== undefined && due > performance.now()) await sleep(due - performance.now());
          // From the moment it was due: a service that falls behind makes those wait that come after.
          const sent = due ?? performance.now();
          const body = await send(agent, url, message(at, csr));
          latencies.push(performance.now() - sent);
          const status = /<Status>([A-Z_]+)</.exec(body)?.[1] ?? 'none';
          statuses[status] = (statuses[status] ?? 0) + 1;
          const code = /<ErrorCode>([^<]*)</.exec(body)?.[1];
          if (code !== undefined) codes[code] = (codes[code] ?? 0) + 1;
          else if (!body.includes('<Certificate>'))
            throw new Error(`an answer without a certificate: ${body}`);
        }
      };
      await Promise.all(agents.slice(0, connections).map(connection));
      const { user, system } = process.cpuUsage(cpu);
      return {
        items: statuses['SUCCESS'] ?? 0,
        elapsedMs: performance.now() - began,
        cpuMicros: user + system,
        ...{ latencies, statuses, codes }
      };
    },
    close() {
      for (const agent of agents) agent.destroy();
    }
  };
}

function message(number: number, csr: Uint8Array): string {
  return (
    `<?xml version="1.0" encoding="UTF-8"?><DeviceCertificateSigningRequest ID="b${number}"><Version>1.0</Version>` +
    `<CertificateSigningRequest>${Buffer.from(csr).toString('base64')}</CertificateSigningRequest></DeviceCertificateSigningRequest>`
  );
}

function send(agent: Agent, url: URL, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      url,
      {
        ...{ agent, method: 'POST', timeout: 40_000 },
        headers: {
          'content-type': 'application/xml;charset=UTF-8',
          'content-length': Buffer.byteLength(body)
        }
      },
      answer => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => resolve(Buffer.concat(parts).toString('latin1')));
        answer.on('error', reject);
      }
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer within 40 s')));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
