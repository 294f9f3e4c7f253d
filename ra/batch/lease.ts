import { randomUUID } from 'node:crypto';
import type { Transaction } from '../../ops/kit/deps.js';
import type { RaContext } from '../deps.js';
import type { BatchState } from './states.js';

/** A batch that this process may work on, until another process has the lease. */
export interface LeasedBatch {
  readonly id: string;
  /** New with each lease: what a process does under an old one fails. */
  readonly lease: string;
  readonly partyId: string;
  readonly systemId: string;
  readonly state: BatchState;
  readonly requests: number;
  readonly arrivedAt: Date;
  readonly seal: Buffer;
  readonly chunkDigests: Buffer | undefined;
}

interface Row {
  id: string;
  lease_token: string;
  party_id: string;
  system_id: string;
  state: BatchState;
  requests: number;
  arrived_at: Date;
  seal: Buffer;
  chunk_digests: Buffer | null;
}

/**
 * Takes the lease of a batch that has something to do and no process that does it; `undefined` when there is none.
 * Parties take turns: one of which fewer batches are under way goes first, then the older batch; parties in `busy`
 * have a batch of theirs under way here, and wait with the next.
 */
export async function takeLease(
  deps: RaContext,
  windowOpen: boolean,
  busy: readonly string[]
): Promise<LeasedBatch | undefined> {
  const now = deps.clock.now();
  const [row] = await deps.sql.rows<Row>(
    deps.database,
    'ra_batch_lease',
    `with candidate as (
       select b.id from ra.batch b
       where (b.state in ('PARSING', 'PROCESSING') or (b.state in ('QUEUED', 'PAUSED') and $4))
         and (b.lease_until is null or b.lease_until <= $1)
         and b.party_id <> all($5::uuid[])
       order by (
         select count(*) from ra.batch o
         where o.party_id = b.party_id and o.lease_until > $1 and o.state in ('PARSING', 'QUEUED', 'PROCESSING', 'PAUSED')
       ), b.submitted_at, b.id
       limit 1 for update of b skip locked
     )
     update ra.batch b set lease_holder = $2, lease_token = $3, lease_until = $6
     from candidate where b.id = candidate.id
     returning b.id, b.lease_token, b.party_id, b.system_id, b.state, b.requests, b.arrived_at, b.seal,
       b.chunk_digests`,
    [now, deps.config.instance, randomUUID(), windowOpen, busy, leaseEnd(deps, now)]
  );
  return (
    row && {
      id: row.id,
      lease: row.lease_token,
      partyId: row.party_id,
      systemId: row.system_id,
      state: row.state,
      requests: row.requests,
      arrivedAt: row.arrived_at,
      seal: row.seal,
      chunkDigests: row.chunk_digests ?? undefined
    }
  );
}

/** Keeps leases; answers those that are still this process's. */
export async function renewLeases(deps: RaContext, leases: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await deps.sql.rows<{ lease_token: string }>(
    deps.database,
    'ra_batch_leases_renew',
    `update ra.batch set lease_until = $2 where lease_token = any($1::uuid[]) returning lease_token`,
    [leases, leaseEnd(deps, deps.clock.now())]
  );
  return new Set(rows.map(row => row.lease_token));
}

/** Lets others have the batches at once. */
export async function endLeases(deps: RaContext, leases: readonly string[]): Promise<void> {
  await deps.sql.rows(
    deps.database,
    'ra_batch_leases_end',
    `update ra.batch set lease_holder = null, lease_token = null, lease_until = null
     where lease_token = any($1::uuid[])`,
    [leases]
  );
}

/**
 * Holds a lease until the transaction ends: whoever would take it waits, and finds what was done. False when it is
 * another's already, or the batch is not being processed any more.
 */
export async function holdLease(
  deps: RaContext,
  trx: Transaction,
  { id, lease }: Pick<LeasedBatch, 'id' | 'lease'>
): Promise<boolean> {
  const rows = await deps.sql.rows<unknown>(
    trx,
    'ra_batch_lease_hold',
    `select 1 from ra.batch where id = $1 and lease_token = $2 and state = 'PROCESSING' for share`,
    [id, lease]
  );
  return rows.length === 1;
}

function leaseEnd(deps: RaContext, now: Date): Date {
  return new Date(now.getTime() + deps.config.batches.leaseMs);
}
