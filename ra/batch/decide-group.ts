import { createHash } from 'node:crypto';
import type { AuditEvent, AuditTicket } from '../../ops/kit/audit.js';
import type { Transaction } from '../../ops/kit/deps.js';
import type { RaContext } from '../deps.js';
import { checkIntakes, lookAgain } from '../intake/run.js';
import { Intake } from '../intake/intake.js';
import { keyHash, keySubject } from '../issuance/key-registry.js';
import { insertOrders, signOrder, type NewOrder } from '../issuance/order.js';
import { reserve, type Lost } from '../issuance/reserve.js';
import type { Client } from '../parties.js';
import { Refusal } from '../refusal.js';
import { itemError } from './item-status.js';
import { holdLease, type LeasedBatch } from './lease.js';
import { itemStates, packFacts, sha256Hex, type ItemFacts } from './packed-group.js';
import type { PackedItem } from './packed-items.js';
import { requestIdText, writeRequestId } from './request-id.js';
import type { BatchStage } from './stages.js';

/** The batch is another process's now, or stopped: what was begun for it comes to nothing. */
export class LeaseLost extends Error {
  readonly code = 'batch/lease-lost';
  constructor() {
    super('the batch is not under way here any more');
    this.name = 'LeaseLost';
  }
}

/** Something that a check needs does not answer; the group is for later. */
export class Postponed extends Error {
  readonly code = 'batch/postponed';
  constructor(refusal: Refusal) {
    super(refusal.message, { cause: refusal });
    this.name = 'Postponed';
  }
}

export interface GroupToDecide {
  readonly batch: LeasedBatch;
  readonly client: Client;
  /** Number of the first item. */
  readonly first: number;
  readonly items: readonly PackedItem[];
  /** While true, a request that cannot be judged for now holds back its group (`Postponed`). */
  readonly mayWait: boolean;
}

export interface DecidedGroup {
  readonly id: string;
  /** Requests that were refused. */
  readonly refused: number;
  /** Absent where all were refused. */
  readonly order: NewOrder | undefined;
  /** How long its transaction held its locks, ms. */
  readonly lockedMs: number;
}

/** One request of the group on its way. */
interface Member {
  readonly item: PackedItem;
  readonly intake: Intake;
  readonly requestId: Uint8Array;
  /** The same as PostgreSQL writes it. */
  readonly requestIdText: string;
  refusal: Refusal | undefined;
}

/** Lost in the transaction; thrown to roll it back. */
class Overtaken extends Error {
  readonly lost: ReadonlyMap<Intake, Lost>;
  constructor(lost: ReadonlyMap<Intake, Lost>) {
    super('reservations were lost');
    this.lost = lost;
  }
}

/**
 * Decides a group of a batch: the same checks, by set, and then one transaction that holds reservations, facts of all
 * its requests, the signed order and the events. The order is signed before, over exactly those requests that get
 * their reservations: where one is lost to another request, all is rolled back and done without it. Throws
 * `LeaseLost`, `Postponed`, or a fault; then nothing is left behind.
 */
export async function decideGroup(deps: RaContext, group: GroupToDecide): Promise<DecidedGroup> {
  const members = membersOf(group);
  const checkTimer = deps.batch.measures.stages.startTimer({ stage: 'check' });
  const refused = await checkIntakes(
    deps,
    members.map(({ intake }) => intake)
  );
  checkTimer();
  for (const member of members) member.refusal = refused.get(member.intake);
  const undecided = members.find(({ refusal }) => refusal?.entry.retryable === true)?.refusal;
  if (group.mayWait && undecided !== undefined) throw new Postponed(undecided);
  refuseRepeated(members);

  const decideTimer = deps.batch.measures.stages.startTimer({ stage: 'decide' });
  for (;;) {
    try {
      const decided = await commit(deps, group, members);
      decideTimer();
      return decided;
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      await refuseOvertaken(deps, members, error.lost);
    }
  }
}

function membersOf({ batch, client, first, items }: GroupToDecide): Member[] {
  const ids = new Uint8Array(items.length * 16);
  return items.map((item, index) => {
    writeRequestId(ids, index * 16, { batch: BigInt(batch.id), item: first + index });
    const text = (): string => Buffer.from(item.octets).toString('utf8');
    const intake = new Intake({
      interface: 'batch',
      kind: 'device',
      arrivedAt: batch.arrivedAt,
      peer: undefined,
      client,
      ...(item.form === 'der'
        ? { csr: item.octets }
        : { readMessage: () => ({ csrText: text(), form: 'portal' as const }) })
    });
    const requestId = ids.subarray(index * 16, index * 16 + 16);
    return { item, intake, requestId, requestIdText: requestIdText(requestId), refusal: undefined };
  });
}

/** Two requests of one key in a group: the first has it. */
function refuseRepeated(members: readonly Member[]): void {
  const first = new Map<string, Intake>();
  for (const member of members) {
    if (member.refusal !== undefined) continue;
    const { facts } = member.intake;
    const hash = keyHash(facts.publicKeyHash);
    const other = first.get(hash)?.facts;
    if (other === undefined) first.set(hash, member.intake);
    else
      member.refusal = new Refusal(
        keySubject(other) === keySubject(facts) && other.usage === facts.usage
          ? 'request/duplicate'
          : 'key/owned'
      );
  }
}

async function refuseOvertaken(
  deps: RaContext,
  members: readonly Member[],
  lost: ReadonlyMap<Intake, Lost>
): Promise<void> {
  const intakes = [...lost.keys()].filter(intake => lost.get(intake) === 'key');
  const found = await lookAgain(deps, intakes);
  for (const member of members) {
    const what = lost.get(member.intake);
    if (what === 'device') member.refusal = new Refusal('device/limit');
    else if (what === 'key') member.refusal = found.get(member.intake) ?? new Refusal('request/duplicate');
  }
}

async function commit(
  deps: RaContext,
  { batch, first }: GroupToDecide,
  members: readonly Member[]
): Promise<DecidedGroup> {
  const accepted = members.filter(({ refusal }) => refusal === undefined);
  const order =
    accepted.length === 0
      ? undefined
      : await signOrder(
          deps,
          'smki-device',
          'batch',
          accepted.map(({ intake, requestIdText }) => ({
            requestId: requestIdText,
            profile: intake.facts.profile,
            csr: intake.csr
          }))
        );
  const facts = packFacts(members.map(factsOf));
  await deps.stage('ra:batch-group:before' satisfies BatchStage);
  let began = performance.now();
  const { ticket, id } = await deps.sql.transaction(deps.database, async trx => {
    // A wait for a connection holds no lock.
    began = performance.now();
    if (!(await holdLease(deps, trx, batch))) throw new LeaseLost();
    const lost = await reserve(
      deps,
      trx,
      accepted.map(({ intake, requestIdText }) => ({ intake, requestId: requestIdText }))
    );
    if (lost.size > 0) throw new Overtaken(lost);
    const groupId = await insertGroup(deps, trx, batch, first, members, facts, order);
    return {
      id: groupId,
      ticket: await recordGroup(deps, trx, batch, groupId, first, members, facts, order)
    };
  });
  const lockedMs = performance.now() - began;
  await deps.audit.seal(ticket);
  await deps.stage('ra:batch-group:after' satisfies BatchStage);
  if (order !== undefined) {
    deps.measures.orders.inc({ event: 'signed' });
    deps.openOrders.batch.wake();
  }
  for (const { refusal } of members) {
    if (refusal === undefined) continue;
    deps.batch.measures.requests.inc({ status: itemError(refusal.code).status });
    if (refusal.code === 'key/owned') deps.measures.alarms.inc({ kind: 'key' });
  }
  deps.batch.measures.groups.observe(members.length);
  return { id, order, refused: members.length - accepted.length, lockedMs };
}

const unset = new Uint8Array(16);

function factsOf({ item, intake, requestId, refusal }: Member): ItemFacts {
  const { facts } = intake.known;
  return {
    id: item.id,
    requestId: refusal === undefined ? requestId : unset,
    requestHash: facts?.requestHash ?? createHash('sha256').update(item.octets).digest(),
    ...(facts !== undefined && { publicKeyHash: facts.publicKeyHash, profile: facts.profile }),
    ...(facts?.eui !== undefined && { eui: facts.eui }),
    ...(refusal !== undefined && { refusal: refusal.code })
  };
}

async function insertGroup(
  deps: RaContext,
  trx: Transaction,
  batch: LeasedBatch,
  first: number,
  members: readonly Member[],
  facts: Buffer,
  order: NewOrder | undefined
): Promise<string> {
  const now = deps.clock.now();
  const states = Buffer.from(
    members.map(({ refusal }) => (refusal === undefined ? itemStates.open : itemStates.refused))
  );
  const refused = states.reduce((count, state) => (state === itemStates.refused ? count + 1 : count), 0);
  const [row] = await deps.sql.rows<{ id: string }>(
    trx,
    'ra_batch_group_insert',
    `insert into ra.batch_group (batch_id, first_item, items, state, facts, states, refused, order_id,
       order_expires_at, decided_at, settled_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id`,
    [
      batch.id,
      first,
      members.length,
      order === undefined ? 'settled' : 'ordered',
      facts,
      states,
      refused,
      order?.id ?? null,
      order?.expiresAt ?? null,
      now,
      order === undefined ? now : null
    ]
  );
  if (row === undefined) throw new Error('no number for a group');
  if (order !== undefined)
    await insertOrders(deps, trx, [order], { partyId: batch.partyId, batchGroup: row.id });
  return row.id;
}

/** Numbers of the requests whose keys belong to others, named in the alarm; the group's facts have them all. */
const maxNamed = 16;

function recordGroup(
  deps: RaContext,
  trx: Transaction,
  batch: LeasedBatch,
  group: string,
  first: number,
  members: readonly Member[],
  facts: Buffer,
  order: NewOrder | undefined
): Promise<AuditTicket> {
  const events: AuditEvent[] = [
    {
      type: 'ra.batch.group-decided',
      actor: batch.systemId,
      facts: {
        batch: batch.id,
        group,
        first,
        requests: members.length,
        refused: members.filter(({ refusal }) => refusal !== undefined).length,
        facts: sha256Hex(facts),
        order: order?.id ?? null,
        party: batch.partyId,
        policyVersion: deps.policy.version
      }
    }
  ];
  if (order !== undefined)
    events.push({
      type: 'ra.order.signed',
      actor: deps.config.instance,
      facts: { order: order.id, batchGroup: group, expiresAt: order.expiresAt.toISOString() }
    });
  const owned = members.filter(({ refusal }) => refusal?.code === 'key/owned');
  if (owned.length > 0)
    events.push({
      type: 'ra.alarm.key',
      actor: batch.systemId,
      facts: {
        batch: batch.id,
        group,
        requests: owned.length,
        publicKeyHashes: owned
          .slice(0, maxNamed)
          .map(({ intake }) => Buffer.from(intake.facts.publicKeyHash).toString('hex'))
      }
    });
  return deps.audit.record(trx, events);
}
