import { readFile } from 'node:fs/promises';
import { validateXML } from 'xmllint-wasm';
import { readBatchReply, type BatchReply } from '../../kit/batches.js';
import type { Client, Reply } from '../client.js';

export const submitPath = '/1.0/PortalCSRBatch/SubmitCSRBatch';
export const resultPath = '/1.0/PortalCSRBatch/CSRBatchResult';

type SchemaName = 'submit-csr-batch' | 'submit-csr-batch-status' | 'csr-batch-result';

export interface NewItem {
  readonly id: string;
  /** DER, or the text as it is to stand. */
  readonly csr: Uint8Array | string;
}

/** A SubmitCSRBatch as a subscriber writes it. */
export function batchMessage(items: readonly NewItem[], id = 'B1', version = '1.0'): string {
  const requests = items.map(
    item =>
      `<DeviceCSR ID="${item.id}">${typeof item.csr === 'string' ? item.csr : Buffer.from(item.csr).toString('base64')}</DeviceCSR>`
  );
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<SubmitCSRBatch ID="${id}">\n<Version>${version}</Version>\n` +
    `${requests.join('\n')}\n</SubmitCSRBatch>\n`
  );
}

/** Identifiers R1, R2, … for requests. */
export function items(...requests: readonly (Uint8Array | string)[]): NewItem[] {
  return requests.map((csr, index) => ({ id: `R${index + 1}`, csr }));
}

export async function schemaFaults(schema: SchemaName, ...documents: readonly string[]): Promise<string[]> {
  const text = await readFile(new URL(`${schema}.xsd`, import.meta.url), 'utf8');
  const result = await validateXML({
    xml: documents.map((contents, index) => ({ fileName: `message-${index}.xml`, contents })),
    schema: [text]
  });
  return result.errors.map(({ message }) => message);
}

/** Sends a body to the service and reads the answer, which must follow its schema. */
export async function submit(
  client: Client,
  body: string | Uint8Array,
  contentType = 'application/xml;charset=UTF-8'
): Promise<BatchReply> {
  const [answer] = await submitEach(client, [body], contentType);
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

export async function submitEach(
  client: Client,
  bodies: readonly (string | Uint8Array)[],
  contentType = 'application/xml;charset=UTF-8'
): Promise<BatchReply[]> {
  const replies: Reply[] = [];
  for (const body of bodies)
    replies.push(
      await client.send({ method: 'POST', path: submitPath, headers: { 'content-type': contentType }, body })
    );
  return readSubmitAnswers(replies);
}

export async function readSubmitAnswers(replies: readonly Reply[]): Promise<BatchReply[]> {
  await follow('submit-csr-batch-status', replies);
  return replies.map(({ status, body }) => readBatchReply(status, body));
}

/** Asks for the result of a batch; the query as it is to stand. */
export async function poll(client: Client, query: string): Promise<BatchReply> {
  const reply = await client.send({ method: 'GET', path: `${resultPath}${query}` });
  await follow('csr-batch-result', [reply]);
  return readBatchReply(reply.status, reply.body);
}

/** The same until the batch is in this state. */
export async function pollUntil(
  client: Client,
  batchId: string | undefined,
  status: string,
  ms = 20_000
): Promise<BatchReply> {
  const until = performance.now() + ms;
  for (;;) {
    const answer = await poll(client, `?BatchId=${batchId ?? ''}`);
    if (answer.status === status) return answer;
    if (performance.now() > until) throw new Error(`the batch is ${answer.status}, not ${status}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

async function follow(schema: SchemaName, replies: readonly Reply[]): Promise<void> {
  for (const { headers, body } of replies)
    if (headers['content-type'] !== 'application/xml;charset=UTF-8')
      throw new Error(`content type ${headers['content-type'] ?? 'missing'}: ${body.toString()}`);
  const faults = await schemaFaults(schema, ...replies.map(({ body }) => body.toString('utf8')));
  if (faults.length > 0) throw new Error(`an answer breaks the schema: ${faults.join('; ')}`);
}
