import type { Knex } from 'knex';
import type { AuditEvent } from '../../ops/kit/audit.js';
import type { SqlColumn } from '../../ops/kit/deps.js';
import type { RaContext } from '../deps.js';
import type { Submission } from './spool.js';
import type { BatchStage } from './stages.js';
import { transit } from './states.js';

export interface StoredChunk {
  readonly number: number;
  /** Number of the first item in the batch, from 0. */
  readonly firstItem: number;
  readonly items: number;
  readonly octets: Uint8Array;
}

/** What an upload left, ready to be stored. */
export interface BatchContent {
  readonly requests: number;
  /** Packed. */
  readonly octets: number;
  /** SHA-256 over the octets of all chunks in their order. */
  readonly seal: Uint8Array;
  chunks(): Iterable<StoredChunk>;
}

const chunkColumns: readonly SqlColumn[] = [
  { name: 'batch_id', type: 'int8' },
  { name: 'number', type: 'int4' },
  { name: 'first_item', type: 'int4' },
  { name: 'items', type: 'int4' },
  { name: 'octets', type: 'bytea' }
];

/**
 * Stores a batch: row, chunks and events in one transaction, sealed before it answers. Either all of it is there, or
 * nothing and the client was told nothing. Where the rule approves, it does so in the same transaction.
 */
export async function storeBatch(
  deps: RaContext,
  submission: Submission,
  content: BatchContent
): Promise<{ batchId: string }> {
  const { client, source, name } = submission;
  const at = deps.clock.now();
  await deps.stage('ra:batch-submit:before' satisfies BatchStage);
  const { ticket, batchId } = await deps.database.transaction(async trx => {
    const recent = await requestsOfLastDay(deps, trx, client.party.id, at);
    const notice = deps.policy.figures['batch.notice.requests'].value;
    const overNotice = recent + content.requests > notice;
    const [row] = await deps.sql.rows<{ id: string }>(
      trx,
      'ra_batch_insert',
      `insert into ra.batch (party_id, system_id, source, name, state, requests, received_sha256, received_octets,
         seal, stored_octets, over_notice, arrived_at, submitted_at)
       values ($1, $2, $3, $4, 'PENDING', $5, $6, $7, $8, $9, $10, $11, $12) returning id`,
      [
        client.party.id,
        client.system.id,
        source,
        name,
        content.requests,
        submission.receivedSha256,
        submission.receivedOctets,
        content.seal,
        content.octets,
        overNotice,
        submission.arrivedAt,
        at
      ]
    );
    if (row === undefined) throw new Error('no number for a batch');
    const id = row.id;
    await deps.sql.copy(trx, 'ra.batch_chunk', chunkColumns, rowsOf(id, content));
    const events: AuditEvent[] = [
      {
        type: 'ra.batch.submitted',
        actor: client.system.id,
        facts: {
          batch: id,
          party: client.party.id,
          source,
          requests: content.requests,
          receivedSha256: hex(submission.receivedSha256),
          receivedOctets: submission.receivedOctets,
          seal: hex(content.seal),
          arrivedAt: submission.arrivedAt.toISOString(),
          policyVersion: deps.policy.version
        }
      }
    ];
    if (overNotice)
      events.push({
        type: 'ra.batch.notice',
        actor: client.party.id,
        facts: { batch: id, requests: recent + content.requests, notice }
      });
    const approved = await approveByRule(deps, trx, id, content.requests, overNotice, at);
    if (approved !== undefined) events.push(approved);
    return { batchId: id, ticket: await deps.audit.record(trx, events) };
  });
  await deps.audit.seal(ticket);
  await deps.stage('ra:batch-submit:after' satisfies BatchStage);
  deps.batch.work.wake();
  return { batchId };
}

function* rowsOf(
  batchId: string,
  content: BatchContent
): Generator<[string, number, number, number, Uint8Array]> {
  for (const { number, firstItem, items, octets } of content.chunks())
    yield [batchId, number, firstItem, items, octets];
}

/** SEC Appendix N: more than so many requests of a party in 24 hours need seven days of notice. A soft class. */
async function requestsOfLastDay(
  deps: RaContext,
  trx: Knex.Transaction,
  partyId: string,
  at: Date
): Promise<number> {
  const [row] = await deps.sql.rows<{ requests: string }>(
    trx,
    'ra_batch_last_day',
    `select coalesce(sum(requests), 0) as requests from ra.batch
     where party_id = $1 and submitted_at > $2 and state <> 'REJECTED'`,
    [partyId, new Date(at.getTime() - 86_400_000)]
  );
  return Number(row?.requests ?? 0);
}

async function approveByRule(
  deps: RaContext,
  trx: Knex.Transaction,
  id: string,
  requests: number,
  overNotice: boolean,
  at: Date
): Promise<AuditEvent | undefined> {
  const { approval, ruleMaxRequests } = deps.config.batches;
  if (approval !== 'rule' || overNotice || requests > ruleMaxRequests) return undefined;
  return transit(
    trx,
    { id },
    'PENDING',
    'PARSING',
    deps.config.instance,
    { decided_by: 'rule', decided_at: at },
    {
      decidedBy: 'rule'
    }
  );
}

function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}
