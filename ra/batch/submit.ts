import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RaContext } from '../deps.js';
import type { Client } from '../parties.js';
import { Refusal } from '../refusal.js';
import { SubmitMessage } from './message.js';
import { openSpool, SpoolFull } from './spool.js';
import { readUpload } from './upload.js';

/** What an upload is read with; `id` is set as soon as the message's could be read. */
export interface Upload {
  readonly client: Client;
  readonly request: IncomingMessage;
  readonly arrivedAt: Date;
  id: string | undefined;
}

/**
 * Reads a submission as it comes and stores it when it is whole. At any time one piece of it is in memory, and its
 * identifiers; no transaction is open while it comes. Throws a `Refusal` or a fault; then nothing of it is kept.
 */
export async function submit(deps: RaContext, upload: Upload): Promise<{ batchId: string }> {
  const { batches } = deps.config;
  const { figures } = deps.policy;
  const { client, request } = upload;
  if (Number(request.headers['content-length'] ?? 0) > batches.uploadOctets)
    throw new Refusal('message/too-large');
  const leave = deps.batch.places.take(client.party.id);
  if (leave === undefined) throw new Refusal('batch/busy');
  try {
    const message = new SubmitMessage({
      maxOctets: batches.uploadOctets,
      maxRequests: figures['batch.requests'].value,
      maxRequestOctets: figures['request.max-octets'].value
    });
    const spool = await openSpool(deps);
    try {
      const received = createHash('sha256');
      let octets = 0;
      const deadlines = { idleMs: batches.uploadIdleMs, totalMs: batches.uploadTotalMs };
      for await (const piece of readUpload(request, deadlines)) {
        received.update(piece);
        octets += piece.length;
        try {
          for (const item of message.write(piece)) await spool.add(item);
        } finally {
          upload.id = message.id;
        }
      }
      message.end();
      return await spool.commit({
        client,
        source: 'batch',
        name: message.id ?? '',
        receivedSha256: new Uint8Array(received.digest()),
        receivedOctets: octets,
        arrivedAt: upload.arrivedAt
      });
    } catch (error) {
      if (error instanceof SpoolFull) throw new Refusal('message/too-large', undefined, { cause: error });
      throw error;
    } finally {
      await spool.discard();
    }
  } finally {
    leave();
  }
}
