import type { IncomingMessage } from 'node:http';
import { openSpool } from '../batch/spool.js';
import type { RaContext } from '../deps.js';
import { contentType } from '../http/body.js';
import type { Client } from '../parties.js';
import { Refusal } from '../refusal.js';
import { isFileName } from './archive-name.js';
import { readArchive } from './archive-reader.js';
import { receive, type ReceivedFile } from './receive.js';

/** DESIGN: Base64 of a request packs to about three quarters; what shrinks to a twentieth is no request. */
const maxRatio = 20;

interface Arrival {
  readonly client: Client;
  readonly arrivedAt: Date;
  /** As the query has it. */
  readonly name: string;
}

/**
 * Takes an archive of requests: received into a file without a name, read and checked whole into the spool, then stored
 * in one transaction. Whatever ends before that leaves nothing.
 */
export async function submitArchive(
  deps: RaContext,
  { client, arrivedAt, name }: Arrival,
  request: IncomingMessage
): Promise<{ readonly batchId: string; readonly requests: number }> {
  if (!isFileName(name, '.zip'))
    throw new Refusal('archive/name', 'the name in the query is not that of a ZIP file');
  if (contentType(request).type !== 'application/zip') throw new Refusal('message/content-type');
  // A coding would hide the size of what comes; an archive is packed already.
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity')
    throw new Refusal('message/content-type', 'a content coding');
  const release = deps.batch.places.take(client.party.id);
  if (release === undefined) throw new Refusal('batch/busy');
  const timer = deps.batch.measures.stages.startTimer({ stage: 'upload' });
  let received: ReceivedFile | undefined;
  try {
    received = await receive(request, deps.config.batches);
    const batch = await store(deps, received, { client, arrivedAt, name });
    deps.batch.measures.uploads.inc({ outcome: 'stored' });
    return batch;
  } finally {
    await received?.close();
    release();
    timer();
  }
}

async function store(
  deps: RaContext,
  { file, octets, sha256 }: ReceivedFile,
  { client, arrivedAt, name }: Arrival
): Promise<{ readonly batchId: string; readonly requests: number }> {
  const figures = deps.policy.figures;
  const limits = {
    maxEntries: figures['batch.requests'].value,
    // As much text as one request of the largest size may have (R1).
    maxEntryOctets: figures['request.max-octets'].value * 2 + 128,
    maxTotalOctets: deps.config.batches.uploadOctets,
    maxRatio
  };
  const spool = await openSpool(deps);
  try {
    for await (const entry of readArchive(file, limits))
      await spool.add({ id: entry.name, octets: entry.octets, form: 'portal' });
    const requests = spool.items;
    const { batchId } = await spool.commit({
      client,
      source: 'portal',
      name,
      receivedSha256: sha256,
      receivedOctets: octets,
      arrivedAt
    });
    return { batchId, requests };
  } finally {
    await spool.discard();
  }
}
