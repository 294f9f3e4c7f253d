import type { RaContext } from '../deps.js';
import type { Client } from '../parties.js';
import type { BatchState } from './states.js';

/** A batch and how far it is. Counts are of requests. */
export interface Batch {
  readonly id: string;
  readonly partyId: string;
  readonly systemId: string;
  readonly source: 'batch' | 'portal';
  /** `ID` of the message, or the name of the file. */
  readonly name: string;
  readonly state: BatchState;
  readonly requests: number;
  /** Held against the seal and unpacked. */
  readonly parsed: number;
  /** In a group: checked, and refused or ordered. */
  readonly ordered: number;
  readonly done: number;
  readonly issued: number;
  readonly refused: number;
  readonly receivedSha256: Uint8Array;
  readonly receivedOctets: number;
  readonly seal: Uint8Array;
  readonly overNotice: boolean;
  readonly submittedAt: Date;
  readonly decidedAt: Date | undefined;
  readonly decidedBy: string | undefined;
  /** Reason of a rejection, note of an approval. */
  readonly note: string | undefined;
  readonly startedAt: Date | undefined;
  readonly completedAt: Date | undefined;
  readonly availableUntil: Date | undefined;
  readonly erased: boolean;
}

interface Row {
  id: string;
  party_id: string;
  system_id: string;
  source: 'batch' | 'portal';
  name: string;
  state: BatchState;
  requests: number;
  parsed_at: Date | null;
  ordered: string;
  issued: string;
  refused: string;
  received_sha256: Buffer;
  received_octets: string;
  seal: Buffer;
  over_notice: boolean;
  submitted_at: Date;
  decided_at: Date | null;
  decided_by: string | null;
  note: string | null;
  started_at: Date | null;
  completed_at: Date | null;
  available_until: Date | null;
  erased_at: Date | null;
}

const selecting = `
  select b.id, b.party_id, b.system_id, b.source, b.name, b.state, b.requests, b.parsed_at, b.received_sha256,
    b.received_octets, b.seal, b.over_notice, b.submitted_at, b.decided_at, b.decided_by, b.note, b.started_at,
    b.completed_at, b.available_until, b.erased_at, g.ordered, g.issued, g.refused
  from ra.batch b cross join lateral (
    select coalesce(sum(items), 0) as ordered, coalesce(sum(issued), 0) as issued,
      coalesce(sum(refused), 0) as refused
    from ra.batch_group where batch_id = b.id
  ) g`;

/** DESIGN: the newest of a list; a party submits some a day. */
const maxListed = 500;

/** A batch of the client's own party; another's, and one that does not exist, are both `undefined`. */
export async function findBatch(
  deps: RaContext,
  client: Client,
  batchId: string
): Promise<Batch | undefined> {
  const batch = await batchById(deps, batchId);
  return batch?.partyId === client.party.id ? batch : undefined;
}

export async function batchById(deps: RaContext, batchId: string): Promise<Batch | undefined> {
  if (!isBatchId(batchId)) return undefined;
  const rows = await deps.sql.rows<Row>(deps.database, 'ra_batch_by_id', `${selecting} where b.id = $1`, [
    batchId
  ]);
  return rows.map(batchOf)[0];
}

/** Newest first. */
export async function batchesOfParty(deps: RaContext, partyId: string): Promise<Batch[]> {
  const rows = await deps.sql.rows<Row>(
    deps.database,
    'ra_batches_of_party',
    `${selecting} where b.party_id = $1 order by b.id desc limit ${maxListed}`,
    [partyId]
  );
  return rows.map(batchOf);
}

/** Of all parties, newest first; of one state where it is given. */
export async function allBatches(deps: RaContext, state: BatchState | undefined): Promise<Batch[]> {
  const rows = await deps.sql.rows<Row>(
    deps.database,
    'ra_batches_all',
    `${selecting} where ($1::text is null or b.state = $1) order by b.id desc limit ${maxListed}`,
    [state ?? null]
  );
  return rows.map(batchOf);
}

/** A positive decimal integer as BatchIds are written: within a bigint, without leading zeros. */
export function isBatchId(text: string): boolean {
  return /^[1-9][0-9]{0,17}$/.test(text);
}

function batchOf(row: Row): Batch {
  const issued = Number(row.issued);
  const refused = Number(row.refused);
  return {
    id: row.id,
    partyId: row.party_id,
    systemId: row.system_id,
    source: row.source,
    name: row.name,
    state: row.state,
    requests: row.requests,
    parsed: row.parsed_at === null ? 0 : row.requests,
    ordered: Number(row.ordered),
    done: issued + refused,
    issued,
    refused,
    receivedSha256: row.received_sha256,
    receivedOctets: Number(row.received_octets),
    seal: row.seal,
    overNotice: row.over_notice,
    submittedAt: row.submitted_at,
    decidedAt: row.decided_at ?? undefined,
    decidedBy: row.decided_by ?? undefined,
    note: row.note ?? undefined,
    startedAt: row.started_at ?? undefined,
    completedAt: row.completed_at ?? undefined,
    availableUntil: row.available_until ?? undefined,
    erased: row.erased_at !== null
  };
}
