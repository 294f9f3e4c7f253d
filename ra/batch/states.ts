import type { Knex } from 'knex';
import type { AuditEvent } from '../../ops/kit/audit.js';
import type { RaContext } from '../deps.js';
import type { BatchAuditEvent } from './audit-events.js';

/** BatchStatus of a batch that exists (SEC Appendix M 2.5 and Appendix E). */
export const batchStates = [
  'PENDING',
  'REJECTED',
  'PARSING',
  'QUEUED',
  'PROCESSING',
  'PAUSED',
  'COMPLETED',
  'TAMPERED'
] as const;
export type BatchState = (typeof batchStates)[number];

/**
 * Every way from one state to another, and the event that records it. TAMPERED is found at parsing, where the whole
 * content is held against its seal, and again whenever a chunk is read to be processed.
 */
export const transitions = [
  { from: 'PENDING', to: 'PARSING', event: 'ra.batch.approved' },
  { from: 'PENDING', to: 'REJECTED', event: 'ra.batch.rejected' },
  { from: 'PARSING', to: 'QUEUED', event: 'ra.batch.parsed' },
  { from: 'PARSING', to: 'TAMPERED', event: 'ra.alarm.batch' },
  { from: 'QUEUED', to: 'PROCESSING', event: 'ra.batch.started' },
  { from: 'PROCESSING', to: 'PAUSED', event: 'ra.batch.paused' },
  { from: 'PAUSED', to: 'PROCESSING', event: 'ra.batch.resumed' },
  { from: 'PROCESSING', to: 'COMPLETED', event: 'ra.batch.completed' },
  { from: 'PROCESSING', to: 'TAMPERED', event: 'ra.alarm.batch' }
] as const satisfies readonly { from: BatchState; to: BatchState; event: BatchAuditEvent }[];

type Transition = (typeof transitions)[number];
/** The states that can be left, and where to. */
export type StateFrom = Transition['from'];
export type StateTo<F extends StateFrom> = Extract<Transition, { from: F }>['to'];

/** Columns of `ra.batch` that a transition may set besides the state. */
export interface TransitionColumns {
  readonly decided_by?: string;
  readonly decided_at?: Date;
  readonly note?: string | null;
  readonly chunk_digests?: Buffer;
  readonly parsed_at?: Date;
  readonly started_at?: Date;
  readonly completed_at?: Date;
  readonly available_until?: Date;
}

/**
 * Takes a batch from one state to another within a transaction, and answers the event that belongs to it; `undefined`
 * when the batch is not in that state any more, or `lease` is not the lease in force: then nothing has changed.
 */
export async function transit<F extends StateFrom>(
  trx: Knex.Transaction,
  batch: { readonly id: string; readonly lease?: string },
  from: F,
  to: StateTo<F>,
  actor: string,
  columns: TransitionColumns = {},
  facts: AuditEvent['facts'] = {}
): Promise<AuditEvent | undefined> {
  const transition = transitions.find(entry => entry.from === from && entry.to === to);
  if (transition === undefined) throw new Error(`no way from ${from} to ${to}`);
  const query = trx('ra.batch').where({ id: batch.id, state: from });
  if (batch.lease !== undefined) query.where({ lease_token: batch.lease });
  const changed = await query.update({ ...columns, state: to });
  if (changed !== 1) return undefined;
  return { type: transition.event, actor, facts: { batch: batch.id, ...facts } };
}

/** The same in a transaction of its own, sealed before it answers; false when it was not to be. */
export async function transitNow<F extends StateFrom>(
  deps: RaContext,
  batch: { readonly id: string; readonly lease?: string },
  from: F,
  to: StateTo<F>,
  actor: string,
  columns: TransitionColumns = {},
  facts: AuditEvent['facts'] = {}
): Promise<boolean> {
  const ticket = await deps.database.transaction(async trx => {
    const event = await transit(trx, batch, from, to, actor, columns, facts);
    return event && deps.audit.record(trx, [event]);
  });
  if (ticket === undefined) return false;
  await deps.audit.seal(ticket);
  return true;
}
