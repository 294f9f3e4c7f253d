import type { Batch } from './batches.js';

/** A batch as its subscriber sees it. */
export function viewOfBatch(batch: Batch): Record<string, string | number> {
  return {
    batchId: batch.id,
    name: batch.name,
    source: batch.source,
    state: batch.state,
    requests: batch.requests,
    parsed: batch.parsed,
    ordered: batch.ordered,
    done: batch.done,
    issued: batch.issued,
    refused: batch.refused,
    submittedAt: batch.submittedAt.toISOString(),
    ...(batch.decidedAt && { decidedAt: batch.decidedAt.toISOString() }),
    ...(batch.startedAt && { startedAt: batch.startedAt.toISOString() }),
    ...(batch.completedAt && { completedAt: batch.completedAt.toISOString() }),
    ...(batch.state === 'COMPLETED' &&
      batch.availableUntil && { availableUntil: batch.availableUntil.toISOString() }),
    ...(batch.state === 'REJECTED' && batch.note !== undefined && { reason: batch.note })
  };
}

/** As an officer sees it: whose it is, and what its decision rests on. */
export function officerViewOfBatch(batch: Batch): Record<string, string | number | boolean> {
  return {
    ...viewOfBatch(batch),
    partyId: batch.partyId,
    systemId: batch.systemId,
    overNotice: batch.overNotice,
    receivedSha256: Buffer.from(batch.receivedSha256).toString('hex'),
    receivedOctets: batch.receivedOctets,
    seal: Buffer.from(batch.seal).toString('hex'),
    ...(batch.decidedBy !== undefined && { decidedBy: batch.decidedBy }),
    ...(batch.note !== undefined && { note: batch.note })
  };
}
