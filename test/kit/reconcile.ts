/**
 * The books of a whole system, read with the superuser's eyes and compared: what the RA ordered, what the CA
 * signed, refused or gave up, what the repository shows, and what the audit logs say. Each invariant is one
 * entry of a table, and says what is wrong.
 */
import { createHash, type Hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { verifyAudit } from '../../ops/audit/index.js';
import {
  eui64FromSigned,
  formatEui64,
  parseCertificate,
  profiles,
  type ProfileName
} from '../../pki/index.js';
import { decodeOrder } from '../../pki/messages/index.js';
import { batchFaults, itemsOfBatches, type BatchBooks, type BatchItem } from './reconcile-batches.js';

export interface Books {
  readonly sql: <T>(statement: string, bindings?: readonly unknown[]) => Promise<T[]>;
  readonly database: Knex;
  readonly auditFolder: string;
}

/** What was counted; the invariants hold when it is returned. */
export interface Reconciled {
  /** Items of all orders. */
  readonly ordered: number;
  readonly certificates: number;
  readonly refusals: number;
  /** Serials given up. */
  readonly abandoned: number;
  /** Items of orders that were withdrawn before a CA saw them. */
  readonly withdrawn: number;
  readonly published: number;
}

interface OrderRow {
  id: string;
  state: string;
  bytes: Buffer;
  batch_group: string | null;
}
interface RequestRow {
  id: string;
  kind: string;
  eui: string | null;
  order_id: string;
  state: string;
  serial: string | null;
  certificate: Buffer | null;
  public_key_hash: Buffer;
}
interface CertificateRow {
  issuer: string;
  serial: string;
  order_id: string;
  item: number;
  request_id: string;
  profile: string;
  der: Buffer;
  tbs_sha256: Buffer;
}

interface IntentRow {
  serial: string;
  order_id: string;
  epoch: number;
  tbs_sha256: Buffer;
  open: boolean;
}

/** A row that belongs to a row of another table: the tables of groups have no foreign keys. */
interface Orphan {
  what: string;
  id: string;
}

interface Read {
  readonly orders: readonly OrderRow[];
  readonly requests: readonly RequestRow[];
  readonly evidence: ReadonlyMap<string, Buffer>;
  readonly certificates: readonly CertificateRow[];
  readonly refusals: readonly { order_id: string; item: number; request_id: string }[];
  readonly abandoned: readonly { issuer: string; serial: string; may_exist: boolean }[];
  readonly attempts: readonly IntentRow[];
  readonly intents: readonly { facts: Record<string, unknown> }[];
  readonly published: readonly { serial: string; der: Buffer }[];
  readonly orphans: readonly Orphan[];
  readonly revoked: ReadonlySet<string>;
  readonly keys: readonly { public_key: Buffer }[];
  readonly devices: readonly { eui: string; issued: number; reserved: number }[];
  readonly registry: readonly { key_hash: string; subject: string; usage: string; request_id: string }[];
  readonly batches: BatchBooks;
  /** Every request of every batch of which a group was decided. */
  readonly items: readonly BatchItem[];
}

/** What does not agree, by invariant. */
export class BooksDisagree extends Error {
  readonly code = 'books/disagree';
  readonly invariants: readonly string[];
  constructor(findings: readonly Finding[]) {
    super(
      `the books do not agree:\n${findings.map(({ what, invariant }) => `${invariant}: ${what}`).join('\n')}`
    );
    this.name = 'BooksDisagree';
    this.invariants = [...new Set(findings.map(({ invariant }) => invariant))];
  }
}

interface Finding {
  readonly invariant: string;
  readonly what: string;
}

/** Throws `BooksDisagree` with everything that does not agree. */
export async function reconcile(books: Books, timeoutMs: number): Promise<Reconciled> {
  const deadline = performance.now() + timeoutMs;
  await drained(books, deadline);
  const read = await readBooks(books);
  const findings = Object.entries(checks).flatMap(([invariant, check]) =>
    check(read).map((what): Finding => ({ invariant, what }))
  );
  for (const what of await auditFaults(books, deadline)) findings.push({ invariant: 'audit', what });
  if (findings.length > 0) throw new BooksDisagree(findings);
  return {
    ordered: itemsOf(read.orders).length,
    certificates: read.certificates.length,
    refusals: read.refusals.length,
    abandoned: read.abandoned.length,
    withdrawn: itemsOf(read.orders.filter(({ state }) => state === 'cancelled')).length,
    published: read.published.length
  };
}

/** Everything that is to come by itself: intents closed, outboxes empty, serials listed, orders answered. */
async function drained({ sql }: Books, deadline: number): Promise<void> {
  const waiting = () =>
    sql<{ what: string; count: number }>(
      `select * from (values
         ('open intents', (select count(*)::int from ca.intent where state = 'open')),
         ('orders not acknowledged',
          (select count(*)::int from ca.outbox where published_at is null or reported_at is null)),
         ('lists not published', (select count(*)::int from ca.crl_outbox where published_at is null)),
         ('batches under way', (select count(*)::int from ra.batch where state in ('PARSING', 'PROCESSING'))),
         ('orders not answered',
          (select count(*)::int from ra.orders where state in ('open', 'claimed') and expires_at > now())),
         ('serials not yet on a list', (select count(*)::int from ca.abandoned_serial a
           where a.may_exist and not exists (select from ca.certificate c where c.serial = a.serial)
             and exists (select from ca.crl c where c.issuer = a.issuer)
             and not exists (select from repository.revocation r where r.serial = a.serial)))
       ) as waiting (what, count) where count > 0`
    );
  for (;;) {
    const left = await waiting();
    if (left.length === 0) return;
    if (performance.now() > deadline)
      throw new Error(`not drained: ${left.map(({ what, count }) => `${count} ${what}`).join(', ')}`);
    await sleep(50);
  }
}

/** Rows of the CA that say they belong to a row that is not there, or that says otherwise. */
const orphanRows = `
  select 'an intent without its order' as what, order_id::text as id from ca.intent
    where order_id not in (select order_id from ca.signed_order)
  union all select 'a serial without its intent', serial::text from ca.intent_item
    where order_id not in (select order_id from ca.intent)
  union all select 'a serial of an issuer without a name', serial::text from ca.intent_item
    where issuer not in (select number from ca.issuer)
  union all select 'a held request without its order', request_id::text from ca.request
    where order_id not in (select order_id from ca.signed_order)
  union all select 'a refusal without its order', order_id || '/' || item from ca.refusal
    where order_id not in (select order_id from ca.signed_order)
  union all select 'an order told and not there', order_id::text from ca.outbox
    where order_id not in (select order_id from ca.signed_order)
  union all select 'a certificate that no intent named', c.serial::text from ca.certificate c
    where not exists (select from ca.intent_item i where i.serial = c.serial and i.issuer = c.issuer
                         and i.order_id = c.order_id and i.item = c.item)
  union all select 'a certificate whose request its order does not hold', c.serial::text from ca.certificate c
    where not exists (select from ca.request r where r.request_id = c.request_id and r.order_id = c.order_id)
  union all select 'a serial given up that no intent named', a.serial::text from ca.abandoned_serial a
    where not exists (select from ca.intent_item i join ca.issuer n on n.number = i.issuer
                       where i.serial = a.serial and n.name = a.issuer and i.order_id = a.order_id)`;

async function readBooks({ sql }: Books): Promise<Read> {
  const evidence = await sql<{ order_id: string; bytes: Buffer }>(
    'select order_id, bytes from ca.signed_order'
  );
  const revoked = await sql<{ serial: string }>('select serial from repository.revocation');
  const batches: BatchBooks = {
    batches: await sql('select id, state, requests, seal, erased_at from ra.batch'),
    chunks: await sql(
      'select batch_id, first_item, items, octets from ra.batch_chunk order by batch_id, number'
    ),
    groups: await sql(
      `select id, batch_id, first_item, items, state, facts, states, results, issued, refused
         from ra.batch_group order by batch_id, first_item`
    ),
    events: await sql(`select type, facts from ra.audit_event where type like 'ra.batch.%' order by at, id`)
  };
  return {
    batches,
    items: itemsOfBatches(batches.groups),
    orders: await sql('select id, state, bytes, batch_group from ra.orders'),
    requests: await sql(
      'select id, kind, eui, order_id, state, serial, certificate, public_key_hash from ra.request'
    ),
    registry: await sql('select key_hash, subject, usage, request_id from ra.key_registry'),
    evidence: new Map(evidence.map(row => [row.order_id, row.bytes])),
    certificates: await sql(
      `select c.issuer, c.serial, c.order_id, c.item, c.request_id, c.profile, c.der, i.tbs_sha256
         from ca.certificate c join ca.intent_item i using (issuer, serial)`
    ),
    refusals: await sql('select order_id, item, request_id from ca.refusal'),
    abandoned: await sql('select issuer, serial, may_exist from ca.abandoned_serial'),
    attempts: await sql(
      `select i.serial, i.order_id, i.epoch, i.tbs_sha256, n.state = 'open' as open
         from ca.intent_item i join ca.intent n using (order_id) order by i.order_id, i.epoch, i.item`
    ),
    intents: await sql(`select facts from ca.audit_event where type = 'ca.intent.recorded'`),
    published: await sql(`select serial, der from repository.certificate where kind <> 'ca'`),
    orphans: await sql(orphanRows),
    revoked: new Set(revoked.map(({ serial }) => serial)),
    keys: await sql('select public_key from ca.certificate'),
    devices: await sql('select eui, issued, reserved from ra.device_counter')
  };
}

const checks = {
  /** Every item ordered became a certificate, a refusal, or was withdrawn before a CA saw it; nothing else did. */
  orders({ orders, evidence, certificates, refusals }) {
    const wrong: string[] = [];
    const certified = new Set(certificates.map(({ request_id }) => request_id));
    const refused = new Set(refusals.map(({ order_id, item }) => `${order_id}/${item}`));
    const ownCertificates = counted(certificates.map(one => `${one.order_id}/${one.item}`));
    const byOrder = new Map(orders.map(order => [order.id, order]));
    for (const [id, bytes] of evidence) {
      const order = byOrder.get(id);
      if (order === undefined) wrong.push(`the CA executed an order that no RA stored: ${id}`);
      else if (!order.bytes.equals(bytes)) wrong.push(`order ${id}: RA and CA hold different bytes`);
    }
    for (const { order, item, requestId } of itemsOf(orders)) {
      const name = `order ${order.id} item ${item}`;
      if (!evidence.has(order.id)) {
        if (order.state === 'finished') wrong.push(`${name}: finished, and no CA has it`);
        continue;
      }
      if (order.state === 'cancelled') wrong.push(`${name}: withdrawn, and a CA has it`);
      const outcomes = Number(refused.has(`${order.id}/${item}`)) + Number(certified.has(requestId));
      const own = ownCertificates.get(`${order.id}/${item}`) ?? 0;
      if (outcomes === 0) wrong.push(`${name}: neither certificate nor refusal`);
      if (own > 1 || (own === 1 && refused.has(`${order.id}/${item}`)))
        wrong.push(`${name}: ${own} certificates and a refusal`);
    }
    const items = new Set(itemsOf(orders).map(({ order, item }) => `${order.id}/${item}`));
    for (const { order_id, item } of [...certificates, ...refusals])
      if (!items.has(`${order_id}/${item}`)) wrong.push(`an outcome of no order: ${order_id}/${item}`);
    return wrong;
  },

  /** A request is issued exactly when one certificate exists for it, and it is that one. */
  requests({ requests, certificates, items }) {
    const wrong: string[] = [];
    const byRequest = certificatesByRequest(certificates);
    for (const { id, state, certificate, serial, public_key_hash } of requests) {
      const own = byRequest.get(id) ?? [];
      if (own.length !== (state === 'issued' ? 1 : 0))
        wrong.push(`request ${id} is ${state} and has ${own.length} certificates`);
      const [issued] = own;
      if (state !== 'issued' || issued === undefined) continue;
      if (certificate === null || !issued.der.equals(certificate))
        wrong.push(`request ${id}: RA and CA hold different certificates`);
      if (serialOf(issued.serial) !== serial) wrong.push(`request ${id}: another serial number`);
      const { publicKey } = parseCertificate(issued.der);
      if (!createHash('sha256').update(publicKey.spki).digest().equals(public_key_hash))
        wrong.push(`request ${id}: a certificate for another key`);
    }
    const known = new Set([
      ...requests.map(({ id }) => id),
      ...items.flatMap(({ requestId }) => requestId ?? [])
    ]);
    for (const request of byRequest.keys())
      if (!known.has(request)) wrong.push(`a certificate for no request: ${request}`);
    return wrong;
  },

  /**
   * Of each batch: its content agrees with its seal, its groups hold every request once, every request has the one
   * outcome that the CA has for it, and the audit events say so.
   */
  batches({ batches, items, orders, certificates }) {
    const ordered = new Map<string, string[]>();
    for (const { order, requestId } of itemsOf(orders)) {
      if (order.batch_group === null) continue;
      ordered.set(order.batch_group, [...(ordered.get(order.batch_group) ?? []), requestId]);
    }
    const issued = new Map(
      [...certificatesByRequest(certificates)].map(([id, own]) => [id, own.map(({ der }) => der)])
    );
    return batchFaults(batches, items, ordered, issued);
  },

  /** Every certified key is registered for the request that has its certificate; no other request has one. */
  registry({ registry, requests, items, certificates }) {
    const wrong: string[] = [];
    const owners = new Map(registry.map(row => [row.key_hash, row]));
    const known = new Set([
      ...requests.map(({ id }) => id),
      ...items.flatMap(({ requestId }) => requestId ?? [])
    ]);
    for (const { key_hash, request_id } of registry)
      if (!known.has(request_id)) wrong.push(`key ${key_hash} is registered for no request`);
    const profileOf = new Map(certificates.map(({ request_id, profile }) => [request_id, profile]));
    const issued = [
      ...requests.flatMap(({ id, state, public_key_hash }) =>
        state === 'issued' ? { id, key: public_key_hash, subject: undefined } : []
      ),
      ...items.flatMap(({ requestId, state, publicKeyHash, eui }) =>
        state === 'issued' && requestId !== undefined
          ? { id: requestId, key: publicKeyHash, subject: `device:${formatEui64(eui64FromSigned(eui))}` }
          : []
      )
    ];
    for (const { id, key, subject } of issued) {
      const owner = owners.get(uuidOf(key.subarray(0, 16)));
      if (owner?.request_id !== id) wrong.push(`the key of request ${id} is not registered for it`);
      else if (subject !== undefined && owner.subject !== subject)
        wrong.push(`the key of request ${id} is registered for ${owner.subject}`);
      else if (
        profileOf.get(id)?.startsWith('device-') === true &&
        !profileOf.get(id)?.endsWith(owner.usage.toLowerCase())
      )
        wrong.push(`the key of request ${id} is registered for another usage`);
    }
    return wrong;
  },

  /** Each attempt is in the audit log with the number and the digest of what it was about to sign. */
  intents({ attempts, intents }) {
    const digests = new Map<string, { certificates: number; digest: Hash }>();
    for (const { order_id, epoch, serial, tbs_sha256 } of attempts) {
      const name = `${order_id}/${epoch}`;
      const attempt = digests.get(name) ?? { certificates: 0, digest: createHash('sha256') };
      attempt.certificates += 1;
      attempt.digest.update(Buffer.from(serial.replaceAll('-', ''), 'hex')).update(tbs_sha256);
      digests.set(name, attempt);
    }
    const rows = [...digests].map(([name, { certificates, digest }]) =>
      [name, certificates, digest.digest('hex')].join(' ')
    );
    const events = intents.map(({ facts }) =>
      [`${String(facts['order'])}/${String(facts['attempt'])}`, facts['certificates'], facts['digest']].join(
        ' '
      )
    );
    const [inRows, inEvents] = [new Set(rows), new Set(events)];
    return [
      ...rows.filter(row => !inEvents.has(row)).map(row => `no event of the intent ${row}`),
      ...events.filter(one => !inRows.has(one)).map(one => `no rows of the intent ${one}`)
    ];
  },

  /** Rows of a group belong together. */
  groups({ orphans }) {
    return orphans.map(({ what, id }) => `${what}: ${id}`);
  },

  /** The bytes are those that the intent named, under the serial of the row. */
  bytes({ certificates }) {
    return certificates.flatMap(({ der, serial, tbs_sha256 }) => {
      const read = parseCertificate(der);
      const wrong: string[] = [];
      if (read.serialHex !== serialOf(serial)) wrong.push(`certificate ${serial} carries ${read.serialHex}`);
      if (!createHash('sha256').update(read.tbs).digest().equals(tbs_sha256))
        wrong.push(`certificate ${serial} is not what its intent named`);
      return wrong;
    });
  },

  /** No public key is certified twice. */
  keys({ keys }) {
    return repeated(keys.map(({ public_key }) => public_key.toString('hex'))).map(
      key => `public key ${key} is certified twice`
    );
  },

  /** No serial is used twice; each that went to a token is a certificate or listed as given up, never both. */
  serials({ attempts, certificates, abandoned, revoked }) {
    const wrong = repeated(attempts.map(({ serial }) => serial)).map(serial => `serial ${serial} used twice`);
    const issued = new Set(certificates.map(({ serial }) => serial));
    const givenUp = new Set(abandoned.map(({ serial }) => serial));
    for (const { serial, open } of attempts) {
      if (issued.has(serial) && givenUp.has(serial)) wrong.push(`serial ${serial} is issued and given up`);
      if (!open && !issued.has(serial) && !givenUp.has(serial))
        wrong.push(`serial ${serial} is not accounted for`);
    }
    for (const serial of issued)
      if (revoked.has(serial)) wrong.push(`serial ${serial} is issued and revoked`);
    return wrong;
  },

  /** The repository shows exactly the certificates that are published, byte for byte. */
  publication({ certificates, published }) {
    const wrong: string[] = [];
    const shown = new Map(published.map(({ serial, der }) => [serial, der]));
    for (const { serial, der, profile } of certificates) {
      const there = shown.get(serial);
      if (!profiles[profile as ProfileName].published) {
        if (there !== undefined) wrong.push(`certificate ${serial} is published and must not be`);
      } else if (there === undefined) wrong.push(`certificate ${serial} is not in the repository`);
      else if (!there.equals(der)) wrong.push(`certificate ${serial} differs in the repository`);
    }
    const issued = new Set(certificates.map(({ serial }) => serial));
    for (const serial of shown.keys())
      if (!issued.has(serial)) wrong.push(`the repository shows ${serial}, which no CA issued`);
    return wrong;
  },

  /** The count of each device is its certificates, and nothing is held back for it. */
  devices({ devices, requests, items }) {
    const underWay = [...requests, ...items].some(({ state }) => state === 'open');
    const certified = counted([
      ...requests.flatMap(({ kind, state, eui }) =>
        kind === 'device' && state === 'issued' ? (eui ?? '') : []
      ),
      ...items.flatMap(({ state, eui }) => (state === 'issued' ? String(eui) : []))
    ]);
    const wrong = devices.flatMap(({ eui, issued, reserved }) => [
      ...(issued === (certified.get(eui) ?? 0)
        ? []
        : [`device ${eui} counts ${issued} of ${certified.get(eui) ?? 0} certificates`]),
      ...(reserved === 0 || underWay ? [] : [`device ${eui} holds ${reserved} places for nothing`])
    ]);
    const known = new Set(devices.map(({ eui }) => eui));
    for (const eui of certified.keys()) if (!known.has(eui)) wrong.push(`device ${eui} is not counted`);
    return wrong;
  }
} satisfies Record<string, (read: Read) => string[]>;

/** The logs verify, and hold every event of the database; a process that writes at this moment is waited for. */
async function auditFaults({ database, auditFolder }: Books, deadline: number): Promise<string[]> {
  const faults: string[] = [];
  for (const name of (await readdir(auditFolder)).filter(file => file.endsWith('.log')).sort()) {
    const component = name.split('-')[0] ?? '';
    const file = join(auditFolder, name);
    if (!existsSync(file)) continue;
    for (;;) {
      const reports = await verifyAudit(file, { database: { knex: database, component } });
      const findings = reports.flatMap(report => report.findings);
      if (findings.length === 0) break;
      if (performance.now() > deadline) {
        faults.push(...findings.map(({ code, seq, detail }) => `${name}: ${code} at ${seq}: ${detail}`));
        break;
      }
      await sleep(200);
    }
  }
  return faults;
}

function itemsOf(orders: readonly OrderRow[]): { order: OrderRow; item: number; requestId: string }[] {
  return orders.flatMap(order =>
    decodeOrder(order.bytes).items.map(({ requestId }, item) => ({
      order,
      item,
      requestId: uuidOf(requestId)
    }))
  );
}

function uuidOf(octets: Uint8Array): string {
  return Buffer.from(octets)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function certificatesByRequest(certificates: readonly CertificateRow[]): Map<string, CertificateRow[]> {
  const byRequest = new Map<string, CertificateRow[]>();
  for (const certificate of certificates)
    byRequest.set(certificate.request_id, [...(byRequest.get(certificate.request_id) ?? []), certificate]);
  return byRequest;
}

function serialOf(uuid: string): string {
  return uuid.replaceAll('-', '').toUpperCase();
}

function repeated(values: readonly string[]): string[] {
  return [...counted(values)].filter(([, times]) => times > 1).map(([value]) => value);
}

function counted(values: readonly string[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const value of values) times.set(value, (times.get(value) ?? 0) + 1);
  return times;
}
