import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { operatorClient, sendJson } from '../../launch/clients.js';
import type { BenchParty, BenchSystem } from './system.js';

/** Progress of a batch as `GET /ra/v1/batches/{id}` tells it. */
export interface BatchProgress {
  readonly state: string;
  readonly requests: number;
  readonly done: number;
  readonly issued: number;
  readonly refused: number;
}

export interface BatchOutcome {
  /** As the request was named in the upload. */
  readonly id: string;
  readonly status: string;
  /** DER; empty where there is none. */
  readonly certificate: Uint8Array;
}

/** A subscriber's side of the Batched Device CSR web service, over one kept-alive connection. */
export interface BatchClient {
  /** Uploads and answers the batch's number. Throws when it was not taken. */
  submit(id: string, requests: readonly Uint8Array[]): Promise<string>;
  progress(batchId: string): Promise<BatchProgress>;
  /** Number of the own batch of that name, the ID of its message. */
  find(name: string): Promise<string | undefined>;
  /** Fetches the results and counts them by status; nothing of them is kept. */
  results(
    batchId: string
  ): Promise<{ readonly batchStatus: string; readonly statuses: Record<string, number> }>;
  /** Fetches the results themselves, in their order. */
  outcomes(batchId: string): Promise<BatchOutcome[]>;
  close(): void;
}

export function batchClient({ system }: BenchSystem, party: BenchParty): BatchClient {
  const base = new URL(system.url('ra', 'public'));
  const agent = new Agent({
    keepAlive: true,
    ca: readFileSync(party.files.ca),
    cert: readFileSync(party.files.certificate),
    key: readFileSync(party.files.key),
    servername: 'localhost'
  });

  async function ask(
    method: 'GET' | 'POST',
    path: string,
    hear: (text: string) => void,
    body?: Iterable<string>
  ): Promise<number> {
    const outgoing = httpsRequest(new URL(path, base), {
      ...{ method, agent },
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/xml;charset=UTF-8' } })
    });
    const answered = once(outgoing, 'response');
    let isAnswered = false;
    outgoing.once('response', () => (isAnswered = true));
    // Heard by `answered`; one that comes later ends the answer's body, which says so itself.
    outgoing.on('error', () => undefined);
    for (const part of body ?? []) {
      // Refused before it was read: the rest is not wanted.
      if (isAnswered) break;
      if (!outgoing.write(part)) await Promise.race([once(outgoing, 'drain'), answered]);
    }
    outgoing.end();
    const [answer] = (await answered) as [IncomingMessage];
    answer.setEncoding('latin1');
    for await (const part of answer) hear(part as string);
    return answer.statusCode ?? 0;
  }

  async function text(method: 'GET' | 'POST', path: string, body?: Iterable<string>): Promise<string> {
    let heard = '';
    const status = await ask(method, path, part => (heard += part), body);
    if (status !== 200) throw new Error(`${path} was answered ${status}: ${heard.slice(0, 300)}`);
    return heard;
  }

  return {
    async submit(id, requests) {
      const answer = await text('POST', '/1.0/PortalCSRBatch/SubmitCSRBatch', message(id, requests));
      const batchId = /<BatchId>(\d+)<\/BatchId>/.exec(answer)?.[1];
      if (batchId === undefined) throw new Error(`a batch was not taken: ${answer.slice(0, 500)}`);
      return batchId;
    },
    async progress(batchId) {
      return JSON.parse(await text('GET', `/ra/v1/batches/${batchId}`)) as BatchProgress;
    },
    async find(name) {
      const { batches } = JSON.parse(await text('GET', '/ra/v1/batches')) as {
        batches: { batchId: string | number; name: string }[];
      };
      const found = batches.find(batch => batch.name === name);
      return found === undefined ? undefined : String(found.batchId);
    },
    async results(batchId) {
      const statuses: Record<string, number> = {};
      let batchStatus = '';
      let rest = '';
      const path = `/1.0/PortalCSRBatch/CSRBatchResult?BatchId=${batchId}`;
      await ask('GET', path, part => {
        rest += part;
        let end = 0;
        for (const found of rest.matchAll(/<(BatchStatus|Status)>([A-Z_]+)<\/\1>/g)) {
          const [whole, element, value = ''] = found;
          if (element === 'BatchStatus') batchStatus = value;
          else statuses[value] = (statuses[value] ?? 0) + 1;
          end = found.index + whole.length;
        }
        // What may be the beginning of an element that was cut is kept: the longest here has some fifty characters.
        rest = rest.slice(Math.max(end, rest.length - 64));
      });
      return { batchStatus, statuses };
    },
    async outcomes(batchId) {
      const outcomes: BatchOutcome[] = [];
      let rest = '';
      const path = `/1.0/PortalCSRBatch/CSRBatchResult?BatchId=${batchId}`;
      await ask('GET', path, part => {
        rest += part;
        let end = 0;
        for (const found of rest.matchAll(
          /<DeviceCertificate\b[^>]*\bID="([^"]*)"[^>]*>([\s\S]*?)<\/DeviceCertificate>/g
        )) {
          const [whole, id = '', inner = ''] = found;
          const child = (name: string): string =>
            new RegExp(`<${name}>([^<]*)</${name}>`).exec(inner)?.[1] ?? '';
          const certificate = new Uint8Array(Buffer.from(child('Certificate'), 'base64'));
          outcomes.push({ id, status: child('Status'), certificate });
          end = found.index + whole.length;
        }
        rest = rest.slice(end);
      });
      return outcomes;
    },
    close: () => agent.destroy()
  };
}

function* message(id: string, requests: readonly Uint8Array[]): Generator<string> {
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<SubmitCSRBatch ID="${id}"><Version>1.0</Version>`;
  const perPart = 128;
  for (let from = 0; from < requests.length; from += perPart)
    yield requests
      .slice(from, from + perPart)
      .map((csr, at) => `<DeviceCSR ID="r${from + at}">${Buffer.from(csr).toString('base64')}</DeviceCSR>`)
      .join('');
  yield '</SubmitCSRBatch>';
}

/** Approves as an officer of the RA does. */
export async function approveBatch({ system }: BenchSystem, batchId: string): Promise<void> {
  const operator = await operatorClient(system, 'ra');
  try {
    await sendJson(
      operator,
      `/admin/v1/batches/${batchId}/approve`,
      { officer: 'bench' },
      { expect: 200, what: 'approving a batch' }
    );
  } finally {
    operator.close();
  }
}

/** Looks until a batch has ended; `seen` hears every look. Throws when it ends otherwise or not in time. */
export async function whenCompleted(
  client: BatchClient,
  batchId: string,
  options: { readonly everyMs: number; readonly withinMs: number; seen?(progress: BatchProgress): void }
): Promise<BatchProgress> {
  for (const until = Date.now() + options.withinMs; Date.now() < until;) {
    // An RA that is being started again on purpose does not answer for a moment.
    const progress = await client.progress(batchId).catch(() => undefined);
    if (progress !== undefined) {
      options.seen?.(progress);
      if (progress.state === 'COMPLETED') return progress;
      if (progress.state === 'TAMPERED' || progress.state === 'REJECTED')
        throw new Error(`batch ${batchId} ended ${progress.state}`);
    }
    await sleep(options.everyMs);
  }
  throw new Error(`batch ${batchId} was not completed in time`);
}

/** Device certificates that relying parties see. */
export async function publishedCount({ admin }: BenchSystem): Promise<number> {
  const { rows } = await admin.query<{ n: string }>(
    `select count(*)::text as n from repository.certificate where kind = 'device'`
  );
  return Number(rows[0]?.n ?? 0);
}

/** Tried again while a process is being started in the place of one that was killed. */
export async function insist<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries >= 30) throw error;
      await sleep(1_000);
    }
  }
}
