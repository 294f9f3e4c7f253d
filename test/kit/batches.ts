/** The Batched Device CSR web service as a subscriber of a whole system uses it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpClient } from '../../ops/http/index.js';
import { readXml, type XmlElement } from '../../pki/xml/index.js';

const submitPath = '/1.0/PortalCSRBatch/SubmitCSRBatch';
const timeoutMs = 60_000;

/** What the service answered, to an upload or to a poll. */
export interface BatchReply {
  readonly http: number;
  /** ID of the message that is answered, where it could be read. */
  readonly id: string | undefined;
  readonly status: string;
  readonly batchId: string | undefined;
  readonly errorCode: string | undefined;
  /** Only of a batch that is COMPLETED, in the order of the upload. */
  readonly items: readonly BatchItemReply[];
}

export interface BatchItemReply {
  readonly id: string;
  readonly status: string;
  readonly certificate: Uint8Array | undefined;
  readonly errorCode: string | undefined;
}

/** A batch as the JSON routes show it. */
interface BatchView {
  readonly batchId: string;
  readonly name: string;
  readonly state: string;
  readonly requests: number;
  readonly ordered: number;
  readonly done: number;
  readonly issued: number;
  readonly refused: number;
}

/** A `SubmitCSRBatch` of these requests, named R1, R2, … */
export function batchBody(name: string, requests: readonly Uint8Array[]): string {
  const items = requests.map(
    (csr, at) => `<DeviceCSR ID="R${at + 1}">${Buffer.from(csr).toString('base64')}</DeviceCSR>`
  );
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<SubmitCSRBatch ID="${name}">\n<Version>1.0</Version>\n` +
    `${items.join('\n')}\n</SubmitCSRBatch>\n`
  );
}

export async function submitBatch(client: HttpClient, body: string | Uint8Array): Promise<BatchReply> {
  const { status, body: answer } = await client.send({
    method: 'POST',
    path: submitPath,
    headers: { 'content-type': 'application/xml;charset=UTF-8' },
    body,
    timeoutMs
  });
  return readBatchReply(status, answer);
}

export async function pollBatch(client: HttpClient, batchId: string): Promise<BatchReply> {
  const path = `/1.0/PortalCSRBatch/CSRBatchResult?BatchId=${batchId}`;
  const { status, body } = await client.send({ method: 'GET', path, timeoutMs });
  return readBatchReply(status, body);
}

/** Polls until the batch is COMPLETED; an answer that says it will not be, or not in time, throws. */
export async function batchResults(
  client: HttpClient,
  batchId: string,
  withinMs = 60_000
): Promise<readonly BatchItemReply[]> {
  const until = performance.now() + withinMs;
  for (;;) {
    const reply = await pollBatch(client, batchId);
    if (reply.status === 'COMPLETED') return reply.items;
    if (!underWay.has(reply.status)) throw new Error(`batch ${batchId}: ${JSON.stringify(reply)}`);
    if (performance.now() > until)
      throw new Error(`batch ${batchId} is ${reply.status} after ${withinMs} ms`);
    await sleep(100);
  }
}

const underWay = new Set(['PENDING', 'PARSING', 'QUEUED', 'PROCESSING', 'PAUSED']);

/** The party's own batches. */
export async function listBatches(client: HttpClient): Promise<readonly BatchView[]> {
  const { status, body } = await client.send({ method: 'GET', path: '/ra/v1/batches', timeoutMs });
  const read = JSON.parse(body.toString('utf8')) as { batches?: BatchView[]; code?: string };
  if (read.batches === undefined) throw new BatchesUnavailable(status, read.code ?? '');
  return read.batches;
}

/** A problem in place of the list. */
class BatchesUnavailable extends Error {
  readonly code: string;
  constructor(status: number, code: string) {
    super(`batches are not listed: ${status} ${code}`);
    this.name = 'BatchesUnavailable';
    this.code = `${status} ${code}`;
  }
}

export function readBatchReply(http: number, body: Uint8Array): BatchReply {
  const root = readXml(body, limits);
  return {
    http,
    id: root.attributes[0]?.value,
    status: child(root, 'BatchStatus')?.text ?? '',
    batchId: child(root, 'BatchId')?.text,
    errorCode: child(child(root, 'Error'), 'ErrorCode')?.text,
    items: root.children.filter(({ name }) => name === 'DeviceCertificate').map(itemOf)
  };
}

function itemOf(element: XmlElement): BatchItemReply {
  const certificate = child(element, 'Certificate')?.text;
  return {
    id: element.attributes[0]?.value ?? '',
    status: child(element, 'Status')?.text ?? '',
    certificate: certificate === undefined ? undefined : new Uint8Array(Buffer.from(certificate, 'base64')),
    errorCode: child(child(element, 'Error'), 'ErrorCode')?.text
  };
}

function child(of: XmlElement | undefined, name: string): XmlElement | undefined {
  return of?.children.find(element => element.name === name);
}

const limits = {
  maxOctets: 64 * 1024 * 1024,
  maxDepth: 5,
  maxElements: 1_000_000,
  maxAttributes: 4,
  comments: 'refuse'
} as const;
