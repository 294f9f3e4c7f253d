/** The books of batches: what `reconcile` knows of rows that hold many requests. */
import { createHash } from 'node:crypto';
import { GroupFacts, GroupResults, itemStates } from '../../ra/batch/packed-group.js';
import { unpackItems } from '../../ra/batch/packed-items.js';
import { batchItemOf, requestIdText } from '../../ra/batch/request-id.js';

export interface BatchBooks {
  readonly batches: readonly {
    readonly id: string;
    readonly state: string;
    readonly requests: number;
    readonly seal: Buffer;
    readonly erased_at: Date | null;
  }[];
  /** By batch, in order. */
  readonly chunks: readonly {
    readonly batch_id: string;
    readonly first_item: number;
    readonly items: number;
    readonly octets: Buffer;
  }[];
  /** By batch, in order. */
  readonly groups: readonly GroupRow[];
  /** `ra.batch.*`, in the order in which they were recorded. */
  readonly events: readonly { readonly type: string; readonly facts: Readonly<Record<string, unknown>> }[];
}

interface GroupRow {
  readonly id: string;
  readonly batch_id: string;
  readonly first_item: number;
  readonly items: number;
  readonly state: string;
  readonly facts: Buffer;
  readonly states: Buffer;
  readonly results: Buffer | null;
  readonly issued: number;
  readonly refused: number;
}

export interface BatchItem {
  readonly batch: string;
  readonly group: string;
  /** Number in the batch, from 0. */
  readonly number: number;
  readonly id: string;
  /** Undefined where it was refused by a check: then it was never ordered. */
  readonly requestId: string | undefined;
  readonly requestHash: Buffer;
  readonly publicKeyHash: Buffer;
  /** EUI-64 as a signed integer. */
  readonly eui: bigint;
  readonly state: 'open' | 'issued' | 'refused' | 'failed' | 'unknown';
  /** Code of the RA's refusal. */
  readonly refusal: string | undefined;
  readonly certificate: Uint8Array | undefined;
  readonly code: string | undefined;
}

const stateNames: ReadonlyMap<number, BatchItem['state']> = new Map<number, BatchItem['state']>([
  [itemStates.open, 'open'],
  [itemStates.issued, 'issued'],
  [itemStates.refused, 'refused'],
  [itemStates.caRefused, 'failed'],
  [itemStates.failed, 'failed']
]);

/** The requests of groups, one by one. */
export function itemsOfBatches(groups: readonly GroupRow[]): BatchItem[] {
  return groups.flatMap(group => {
    const facts = new GroupFacts(group.facts);
    const results = new GroupResults(group.items, group.results);
    return Array.from({ length: facts.count }, (_, index): BatchItem => {
      const requestId = facts.requestId(index);
      return {
        batch: group.batch_id,
        group: group.id,
        number: group.first_item + index,
        id: facts.id(index),
        requestId: requestId.some(octet => octet !== 0) ? requestIdText(requestId) : undefined,
        requestHash: facts.requestHash(index),
        publicKeyHash: facts.publicKeyHash(index),
        eui: facts.signedEui(index),
        state: stateNames.get(group.states[index] ?? -1) ?? 'unknown',
        refusal: facts.refusal(index),
        certificate: results.certificates[index],
        code: results.codes[index]
      };
    });
  });
}

/**
 * @param ordered requests of all orders of a group, by group
 * @param issued certificates in the CA's ledger, by request
 */
export function batchFaults(
  books: BatchBooks,
  items: readonly BatchItem[],
  ordered: ReadonlyMap<string, readonly string[]>,
  issued: ReadonlyMap<string, readonly Uint8Array[]>
): string[] {
  const erased = new Set(books.batches.flatMap(({ id, erased_at }) => (erased_at === null ? [] : id)));
  const groups = new Set(books.groups.map(({ id }) => id));
  return [
    ...contentFaults(books),
    ...groupFaults(books, items),
    ...items.flatMap(item => outcomeFaults(item, ordered, issued, erased.has(item.batch))),
    ...[...ordered.keys()].flatMap(group => (groups.has(group) ? [] : `orders of no group: ${group}`)),
    ...eventFaults(books, erased)
  ];
}

/** The stored content is what the seal says, and what the groups say of each request. */
function contentFaults({ batches, chunks, events }: BatchBooks): string[] {
  const wrong: string[] = [];
  for (const { id, requests, seal, erased_at } of batches) {
    const [submitted] = eventsOf(events, 'ra.batch.submitted', 'batch', id);
    if (submitted?.['seal'] !== seal.toString('hex')) wrong.push(`batch ${id}: the log has another seal`);
    if (erased_at !== null) continue;
    const own = chunks.filter(({ batch_id }) => batch_id === id);
    const digest = createHash('sha256');
    let next = 0;
    for (const { first_item, items, octets } of own) {
      if (first_item !== next) wrong.push(`batch ${id}: a chunk begins at ${first_item} instead of ${next}`);
      if (unpackItems(octets).length !== items) wrong.push(`batch ${id}: a chunk of another size`);
      digest.update(octets);
      next = first_item + items;
    }
    if (next !== requests) wrong.push(`batch ${id}: ${next} of ${requests} requests are stored`);
    if (!digest.digest().equals(seal)) wrong.push(`batch ${id}: the content is not what was sealed`);
  }
  return wrong;
}

/** Each request is in one group, under the name it came with, and the counts are those of the states. */
function groupFaults({ batches, chunks, groups }: BatchBooks, items: readonly BatchItem[]): string[] {
  const wrong: string[] = [];
  for (const { id, state, requests } of batches) {
    const own = items.filter(({ batch }) => batch === id);
    if (new Set(own.map(({ number }) => number)).size !== own.length)
      wrong.push(`batch ${id}: a request is in two groups`);
    if (own.some(({ number }) => number >= requests)) wrong.push(`batch ${id}: more than was sent`);
    if (state === 'COMPLETED') {
      if (own.length !== requests) wrong.push(`batch ${id}: completed with ${own.length} of ${requests}`);
      if (own.some(item => item.state === 'open')) wrong.push(`batch ${id}: completed and open`);
    }
    const stored = chunks
      .filter(({ batch_id }) => batch_id === id)
      .flatMap(({ octets }) => unpackItems(octets));
    for (const item of own) {
      const upload = stored[item.number];
      if (upload === undefined) continue;
      if (upload.id !== item.id)
        wrong.push(`batch ${id}: ${item.number} is ${item.id}, sent as ${upload.id}`);
      if (upload.form === 'der' && !sha256(upload.octets).equals(item.requestHash))
        wrong.push(`batch ${id}: ${item.id} is not the request that was sent`);
    }
  }
  for (const group of groups) {
    const own = items.filter(item => item.group === group.id);
    const count = (...states: readonly BatchItem['state'][]) =>
      own.filter(({ state }) => states.includes(state)).length;
    const told = `${group.items} ${group.issued} ${group.refused}`;
    const counted = `${own.length} ${count('issued')} ${count('refused', 'failed')}`;
    if (told !== counted) wrong.push(`group ${group.id} counts ${told}, its requests ${counted}`);
    if ((group.state === 'settled') !== (count('open') === 0))
      wrong.push(`group ${group.id} is ${group.state} with ${count('open')} open requests`);
  }
  return wrong;
}

/** A request has one outcome, and the CA's ledger has the same. */
function outcomeFaults(
  item: BatchItem,
  ordered: ReadonlyMap<string, readonly string[]>,
  issued: ReadonlyMap<string, readonly Uint8Array[]>,
  erased: boolean
): string[] {
  const name = `batch ${item.batch} request ${item.id}`;
  if (item.state === 'unknown') return [`${name}: a state that does not exist`];
  if (item.requestId === undefined)
    return item.state === 'refused' && item.refusal !== undefined
      ? []
      : [`${name} is ${item.state} and was never to be ordered`];
  const wrong: string[] = [];
  const place = batchItemOf(item.requestId);
  if (place?.batch !== BigInt(item.batch) || place.item !== item.number)
    wrong.push(`${name}: its identifier leads elsewhere`);
  if (item.state === 'refused' || item.refusal !== undefined) wrong.push(`${name}: refused and ordered`);
  if (ordered.get(item.group)?.includes(item.requestId) !== true) wrong.push(`${name}: no order holds it`);
  const certificates = issued.get(item.requestId) ?? [];
  if (certificates.length !== (item.state === 'issued' ? 1 : 0))
    wrong.push(`${name} is ${item.state} and has ${certificates.length} certificates`);
  if (erased) return wrong;
  if ((item.state === 'issued') !== (item.certificate !== undefined))
    wrong.push(`${name} is ${item.state}, its result is something else`);
  if ((item.state === 'failed') !== (item.code !== undefined))
    wrong.push(`${name} is ${item.state}, its code says something else`);
  const [certificate] = certificates;
  if (
    certificate !== undefined &&
    item.certificate !== undefined &&
    !Buffer.from(certificate).equals(item.certificate)
  )
    wrong.push(`${name}: RA and CA hold different certificates`);
  return wrong;
}

/** The digests that the audit log has of facts and results are those of what is stored. */
function eventFaults({ batches, groups, events }: BatchBooks, erased: ReadonlySet<string>): string[] {
  const wrong: string[] = [];
  for (const group of groups) {
    const decided = eventsOf(events, 'ra.batch.group-decided', 'group', group.id);
    if (decided.length !== 1 || decided[0]?.['facts'] !== sha256(group.facts).toString('hex'))
      wrong.push(`group ${group.id}: the log does not have these facts`);
    if (group.results === null || erased.has(group.batch_id)) continue;
    const settled = eventsOf(events, 'ra.batch.group-settled', 'group', group.id);
    if (!settled.some(facts => facts['results'] === sha256(group.results ?? Buffer.alloc(0)).toString('hex')))
      wrong.push(`group ${group.id}: the log does not have these results`);
  }
  for (const { id, state } of batches) {
    const completed = eventsOf(events, 'ra.batch.completed', 'batch', id);
    if (completed.length !== (state === 'COMPLETED' ? 1 : 0))
      wrong.push(`batch ${id} is ${state} and the log has it completed ${completed.length} times`);
    const own = groups.filter(({ batch_id }) => batch_id === id);
    const sum = (of: (group: GroupRow) => number) => own.reduce((total, group) => total + of(group), 0);
    const [facts] = completed;
    if (facts === undefined) continue;
    const told = [facts['requests'], facts['issued'], facts['refused']].join(' ');
    const counted = [sum(g => g.items), sum(g => g.issued), sum(g => g.refused)].join(' ');
    if (told !== counted) wrong.push(`batch ${id}: the log says ${told}, the groups ${counted}`);
  }
  return wrong;
}

function eventsOf(
  events: BatchBooks['events'],
  type: string,
  key: string,
  value: string
): Readonly<Record<string, unknown>>[] {
  return events.filter(event => event.type === type && event.facts[key] === value).map(({ facts }) => facts);
}

function sha256(octets: Uint8Array): Buffer {
  return createHash('sha256').update(octets).digest();
}
