/**
 * Step 9: a finished order is told, in this order: into the audit log, into the repository, to the RA. Each is
 * idempotent and acknowledged in the outbox, so that it may happen twice and never not at all. While the audit
 * log is away nothing is told.
 */
import type { Knex } from 'knex';
import { profiles, type ProfileName } from '../pki/index.js';
import { decodeOrder, type ItemOutcome, type OrderReport } from '../pki/messages/index.js';
import type { AuditTicket } from '../ops/kit/audit.js';
import type { ComponentDeps } from '../ops/kit/deps.js';
import type { CaConfig } from './config.js';
import { event } from './audit-events.js';
import { createGroupCommit } from './group-commit.js';
import { KeptOrders, maxKept, type FinishedOrder } from './kept-orders.js';
import { certificatesOfOrder, certificatesOfRequests } from './ledger/certificate.js';
import { uuidOf } from './ledger/identifier.js';
import { findOrder, findRefusals } from './ledger/order.js';
import {
  acknowledgeOutbox,
  acknowledgeTold,
  findOutbox,
  takeDueOutbox,
  type OutboxRow
} from './ledger/outbox.js';
import { PeerConflict, type RaPeer, type RepositoryPeer } from './peers.js';
import type { CaStage } from './stages.js';

export interface Delivery {
  /** Tries at once; what fails is left to `sweep`. Throws only when what was told cannot be acknowledged. */
  deliver(finished: FinishedOrder): Promise<void>;
  /** A finished order was claimed again: its stored results go to the peer that asked. */
  answerAgain(orderId: string, ra: RaPeer): Promise<void>;
  /** Delivers what is due and not acknowledged. Answers how many rows it took. */
  sweep(): Promise<number>;
}

export interface DeliveryDeps extends Pick<ComponentDeps, 'database' | 'sql' | 'audit' | 'log'> {
  readonly config: CaConfig;
  readonly ras: readonly RaPeer[];
  readonly repositories: readonly RepositoryPeer[];
  readonly stage: (point: CaStage) => Promise<void>;
}

/** DESIGN: rows one look takes in hand; delivering them stays well within the grace of the others. */
const sweepRows = 50;

/** DESIGN: rows delivered at once after an outage; a peer that has just come back is not met by all of them. */
const sweepAtOnce = 4;

export function createDelivery(deps: DeliveryDeps): Delivery {
  const { database, sql, audit, log, stage } = deps;
  const { leaseMs, retryMs, maxRetryMs } = deps.config.limits;
  const kept = new KeptOrders();
  const underWay = new Set<string>();
  /** Orders that were recorded together have one ticket: it is sealed once. */
  const seals = new WeakMap<AuditTicket, Promise<void>>();
  const acknowledge = createGroupCommit<string, undefined>({
    async together(orderIds) {
      await acknowledgeTold(sql, database, orderIds);
      return orderIds.map(() => undefined);
    },
    async alone(orderId) {
      await acknowledgeTold(sql, database, [orderId]);
      return undefined;
    },
    weight: () => 1,
    limit: maxKept
  });

  /** Answers whether everybody was told. */
  async function deliverRow(row: OutboxRow): Promise<boolean> {
    const { orderId } = row;
    if (underWay.has(orderId)) return true;
    underWay.add(orderId);
    try {
      if (!(await tell(row))) return false;
    } finally {
      underWay.delete(orderId);
    }
    kept.forget(orderId);
    await stage('ca:9-acknowledge:before');
    await acknowledge(orderId);
    await stage('ca:9-acknowledge:after');
    return true;
  }

  async function tell(row: OutboxRow): Promise<boolean> {
    const { orderId } = row;
    const done = { sealed: row.sealed, published: row.published, reported: row.reported };
    try {
      if (!done.sealed) {
        await stage('ca:9-seal:before');
        await seal(orderId);
        await stage('ca:9-seal:after');
        done.sealed = true;
      }
      if (!done.published) {
        await stage('ca:9-publish:before');
        await publish(orderId);
        await stage('ca:9-publish:after');
        done.published = true;
      }
      if (!done.reported) {
        await stage('ca:9-report:before');
        const report = kept.told(orderId)?.report ?? (await reportOf(database, orderId));
        await anyOf(inOrder(deps.ras, row.ra), peer => peer.report(report));
        await stage('ca:9-report:after');
      }
      return true;
    } catch (error) {
      const conflict = error instanceof PeerConflict;
      if (conflict) {
        log.fatal({ err: error, orderId }, 'a peer holds other bytes under one identifier');
        await audit.append([event('ca.alarm.conflict', deps, { order: orderId })]).catch(() => undefined);
      } else log.warn({ err: error, orderId, attempts: row.attempts }, 'not delivered yet');
      const wait = conflict ? maxRetryMs : Math.min(maxRetryMs, retryMs * 2 ** Math.min(row.attempts, 16));
      await acknowledgeOutbox(database, orderId, done, wait).catch((failure: unknown) => {
        log.warn({ err: failure, orderId }, 'not acknowledged');
      });
      return false;
    }
  }

  /**
   * The events of this process's own act, or, where another process finished the order or its ticket is forgotten,
   * one of its own: either way a log says so before anybody is told.
   */
  async function seal(orderId: string): Promise<void> {
    const own = kept.tickets(orderId);
    if (own === undefined) await audit.append([event('ca.delivery.resumed', deps, { order: orderId })]);
    else await Promise.all(own.map(sealTicket));
  }

  function sealTicket(ticket: AuditTicket): Promise<void> {
    let sealed = seals.get(ticket);
    if (sealed === undefined) {
      sealed = audit.seal(ticket);
      seals.set(ticket, sealed);
      sealed.catch(() => seals.delete(ticket));
    }
    return sealed;
  }

  async function publish(orderId: string): Promise<void> {
    const certificates = kept.told(orderId)?.published ?? (await publishedOf(database, orderId));
    if (certificates.length === 0) return;
    const groupId = Buffer.from(orderId.replaceAll('-', ''), 'hex');
    await anyOf(deps.repositories, peer => peer.publish({ kind: 'certificates', groupId, certificates }));
  }

  return {
    async deliver(finished) {
      const { orderId, ra, publish: toPublish } = finished;
      kept.keep(finished);
      const told = { sealed: false, published: !toPublish, reported: false };
      await deliverRow({ orderId, ra, ...told, attempts: 0 });
    },
    async answerAgain(orderId, ra) {
      const row = await findOutbox(database, orderId);
      if (row === undefined) return;
      if (row.published && row.reported) await ra.report(await reportOf(database, orderId));
      else await deliverRow({ ...row, ra: ra.name });
    },
    async sweep() {
      let taken = 0;
      for (let going = true; going;) {
        const rows = await takeDueOutbox(database, sweepRows, leaseMs);
        taken += rows.length;
        // A page that fails is enough to know that a peer is away.
        going = rows.length === sweepRows;
        const waiting = rows.values();
        const workers = Array.from({ length: sweepAtOnce }, async () => {
          for (const row of waiting) if (!(await deliverRow(row))) going = false;
        });
        await Promise.all(workers);
      }
      return taken;
    }
  };
}

/** DER certificates of an order that go to the repository. */
async function publishedOf(database: Knex, orderId: string): Promise<Uint8Array[]> {
  const certificates = await certificatesOfOrder(database, orderId);
  return certificates
    .filter(({ profile }) => profiles[profile as ProfileName].published)
    .map(({ der }) => der);
}

/** Every item's outcome: its refusal by this order, or the certificate of its request, by whichever order. */
async function reportOf(database: Knex, orderId: string): Promise<OrderReport> {
  const signed = await findOrder(database, orderId);
  if (signed === undefined) throw new Error('an outbox row without its order');
  const order = decodeOrder(signed.bytes);
  const refusals = new Map((await findRefusals(database, orderId)).map(refusal => [refusal.item, refusal]));
  const certificates = await certificatesOfRequests(
    database,
    order.items.map(({ requestId }) => uuidOf(requestId))
  );
  const outcomes = order.items.map(({ requestId }, item): ItemOutcome => {
    const refusal = refusals.get(item);
    if (refusal !== undefined)
      return { kind: 'refused', requestId, code: refusal.code, detail: refusal.detail };
    const certificate = certificates.get(uuidOf(requestId));
    if (certificate === undefined) throw new Error(`item ${item} of a finished order has no outcome`);
    return { kind: 'issued', requestId, certificate: certificate.der };
  });
  return { orderId: order.orderId, outcomes };
}

/** The peer an order came from first, then the others of the same database. */
function inOrder(peers: readonly RaPeer[], first: string): readonly RaPeer[] {
  return [...peers].sort((a, b) => Number(b.name === first) - Number(a.name === first));
}

/** Tries one peer after the other; a conflict ends the search. Throws the last failure. */
export async function anyOf<P>(peers: readonly P[], call: (peer: P) => Promise<void>): Promise<void> {
  let failure: unknown = new Error('no peer is configured');
  for (const peer of peers) {
    try {
      await call(peer);
      return;
    } catch (error) {
      if (error instanceof PeerConflict) throw error;
      failure = error;
    }
  }
  throw failure;
}
