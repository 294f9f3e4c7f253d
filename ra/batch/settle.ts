import type { AuditEvent } from '../../ops/kit/audit.js';
import type { Transaction } from '../../ops/kit/deps.js';
import { parseCertificate, sha256 } from '../../pki/index.js';
import type { OrderReport } from '../../pki/messages/index.js';
import type { RaContext } from '../deps.js';
import { settleDevices } from '../issuance/device-count.js';
import { Alarm } from '../issuance/report-alarm.js';
import { fateOf } from './ca-refusal.js';
import { itemError } from './item-status.js';
import { GroupFacts, GroupResults, itemStates, sha256Hex } from './packed-group.js';
import { itemNumberOf } from './request-id.js';
import type { BatchStage } from './stages.js';

export interface GroupReport {
  readonly orderId: string;
  readonly batchGroup: string;
  readonly report: OrderReport;
  readonly at: Date;
}

interface Row {
  batch_id: string;
  first_item: number;
  items: number;
  state: 'ordered' | 'again' | 'settled';
  facts: Buffer;
  states: Buffer;
  results: Buffer | null;
  order_id: string;
  tries: number;
  order_expires_at: Date;
}

/**
 * Records what the CA reports of a group's order, within the report's transaction: outcomes of all its requests in one
 * row, device counts by set, one event. A certificate must be for the key of its request, and a request that has one
 * keeps it: whatever disagrees throws an `Alarm` and changes nothing. A late report of an order that was replaced may
 * bring certificates, and ends nothing by refusals.
 */
export async function settleBatchGroup(
  deps: RaContext,
  trx: Transaction,
  { orderId, batchGroup, report, at }: GroupReport,
  events: AuditEvent[]
): Promise<void> {
  const timer = deps.batch.measures.stages.startTimer({ stage: 'settle' });
  await deps.stage('ra:batch-settle:before' satisfies BatchStage);
  const [row] = await deps.sql.rows<Row>(
    trx,
    'ra_batch_group_settling',
    `select batch_id, first_item, items, state, facts, states, results, order_id, tries, order_expires_at
     from ra.batch_group where id = $1 for update`,
    [batchGroup]
  );
  if (row === undefined) throw new Alarm('mismatch', 'the group of the order is gone');
  const settling = new Settling(row, orderId, deps.config.batches.caTries);
  settling.take(report);

  const again = settling.open > 0;
  // Another try waits longer each time; one order takes what is left of the group.
  const pause = deps.config.batches.caRetryMs * 2 ** Math.min(settling.tries, 8);
  const state = again ? (settling.current ? 'again' : row.state) : 'settled';
  const results = settling.results.pack();
  await deps.sql.rows(
    trx,
    'ra_batch_group_settle',
    `update ra.batch_group set state = $2, states = $3, results = $4, issued = $5, refused = $6, tries = $7,
       retry_at = $8, settled_at = $9 where id = $1`,
    [
      batchGroup,
      state,
      settling.states,
      results,
      settling.issued,
      row.items - settling.open - settling.issued,
      settling.tries,
      again ? new Date(at.getTime() + pause) : null,
      again ? null : at
    ]
  );
  await settleDevices(deps, trx, settling.devices, at);
  events.push({
    type: 'ra.batch.group-settled',
    actor: deps.config.instance,
    facts: {
      batch: row.batch_id,
      group: batchGroup,
      order: orderId,
      issued: settling.issued,
      refused: row.items - settling.open - settling.issued,
      open: settling.open,
      results: sha256Hex(results)
    }
  });
  await deps.stage('ra:batch-settle:after' satisfies BatchStage);
  timer();
  // Who waits for the group looks when it can be seen.
  trx.executionPromise.then(
    () => {
      for (const [status, count] of settling.statuses) deps.batch.measures.requests.inc({ status }, count);
      deps.batch.work.wake();
    },
    () => undefined
  );
}

/** Orders were withdrawn unclaimed: their groups are to be ordered again. Reservations stay, no try is counted. */
export async function releaseBatchGroups(
  deps: RaContext,
  trx: Transaction,
  batchGroups: readonly string[]
): Promise<void> {
  await deps.sql.rows(
    trx,
    'ra_batch_groups_release',
    `update ra.batch_group set state = 'again', retry_at = $2 where id = any($1::bigint[]) and state = 'ordered'`,
    [batchGroups, deps.clock.now()]
  );
  trx.executionPromise.then(
    () => deps.batch.work.wake(),
    () => undefined
  );
}

/** A group while a report is applied to it. */
class Settling {
  readonly states: Buffer;
  readonly results: GroupResults;
  /** By EUI-64 as a signed integer. */
  readonly devices = new Map<bigint, { released: number; issued: number }>();
  readonly statuses = new Map<string, number>();
  /** Whether the order is the one the group waits for. */
  readonly current: boolean;
  tries: number;
  readonly #row: Row;
  readonly #facts: GroupFacts;
  readonly #maxTries: number;
  #faulty = false;

  constructor(row: Row, orderId: string, maxTries: number) {
    this.#row = row;
    this.#facts = new GroupFacts(row.facts);
    if (this.#facts.count !== row.items)
      throw new Alarm('mismatch', 'the facts of the group are of another size');
    this.states = Buffer.from(row.states);
    this.results = new GroupResults(row.items, row.results);
    this.current = row.order_id === orderId && row.state === 'ordered';
    this.tries = row.tries;
    this.#maxTries = maxTries;
  }

  get open(): number {
    return this.#count(itemStates.open);
  }

  get issued(): number {
    return this.#count(itemStates.issued);
  }

  take({ outcomes }: OrderReport): void {
    const reported = new Uint8Array(this.#row.items);
    for (const outcome of outcomes) {
      const index = this.#indexOf(outcome.requestId);
      if (reported[index] === 1) throw new Alarm('mismatch', 'a request has two outcomes');
      reported[index] = 1;
      if (outcome.kind === 'issued') this.#issue(index, outcome.certificate);
      else if (this.current) this.#refuse(index, outcome.code);
    }
    if (!this.current) return;
    for (const [index, state] of this.states.entries())
      if (state === itemStates.open && reported[index] === 0)
        throw new Alarm('mismatch', 'a request of the order has no outcome');
    if (this.#faulty) this.tries += 1;
  }

  #indexOf(requestId: Uint8Array): number {
    const index = itemNumberOf(requestId) - this.#row.first_item;
    const known = index >= 0 && index < this.#row.items;
    if (
      !known ||
      !this.#facts.requestId(index).equals(requestId) ||
      this.states[index] === itemStates.refused
    )
      throw new Alarm('mismatch', 'an outcome for a request that is not of the group');
    return index;
  }

  #issue(index: number, certificate: Uint8Array): void {
    const before = this.results.certificates[index];
    const state = this.states[index];
    if (state === itemStates.issued) {
      // What was erased after its time cannot be compared; the key must still be the request's.
      if (before !== undefined && !Buffer.from(before).equals(certificate))
        throw new Alarm('conflict', 'the request has another certificate');
    }
    requireKey(certificate, this.#facts.publicKeyHash(index));
    if (state === itemStates.issued) return;
    this.states[index] = itemStates.issued;
    this.results.certificates[index] = certificate;
    this.results.codes[index] = undefined;
    this.#settled(index, state === itemStates.open ? 1 : 0, 1, 'SUCCESS');
  }

  #refuse(index: number, code: string): void {
    if (this.states[index] !== itemStates.open) return;
    const fate = fateOf(code);
    if (fate === 'wait') return;
    if (fate === 'try-again') {
      this.#faulty = true;
      if (this.tries + 1 < this.#maxTries) return;
    }
    this.states[index] = fate === 'refused' ? itemStates.caRefused : itemStates.failed;
    this.results.codes[index] = code;
    this.#settled(index, 1, 0, itemError(code).status);
  }

  #settled(index: number, released: number, issued: number, status: string): void {
    const eui = this.#facts.signedEui(index);
    const before = this.devices.get(eui);
    if (before === undefined) this.devices.set(eui, { released, issued });
    else this.devices.set(eui, { released: before.released + released, issued: before.issued + issued });
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  #count(wanted: number): number {
    let count = 0;
    for (const state of this.states) if (state === wanted) count += 1;
    return count;
  }
}

/** The certificate must be for the key that the request proved possession of. */
function requireKey(der: Uint8Array, publicKeyHash: Buffer): void {
  let spki: Uint8Array;
  try {
    spki = parseCertificate(der).publicKey.spki;
  } catch (cause) {
    throw new Alarm('mismatch', `a certificate cannot be decoded: ${String(cause)}`);
  }
  if (!publicKeyHash.equals(sha256(spki))) throw new Alarm('mismatch', 'a certificate is for another key');
}
