import { createHash, randomBytes, randomFillSync } from 'node:crypto';
import type { AuditEvent } from '../kit/audit.js';
import { canonicalFacts, canonicalText } from './canonical.js';

/** Which log this is; part of the first link of its chain. */
export interface LogOrigin {
  readonly environment: string;
  readonly component: string;
  readonly instance: string;
}

interface NamedEvent extends AuditEvent {
  /** UUID, version 7: sorts by time. */
  readonly id: string;
  /** ISO 8601 in UTC, with milliseconds. */
  readonly at: string;
}

/** An event with its id and time, not yet in a log. */
export interface StampedEvent extends NamedEvent {
  /** RFC 8785 form of `facts`: written once, for the database, the line and its hash. */
  readonly canonicalFacts: string;
}

/** One line of a log. */
export interface Entry extends NamedEvent {
  /** From 1, without gaps. */
  readonly seq: number;
  /** Hash of the entry before, the genesis hash for the first; lower-case hex. */
  readonly prev: string;
  /** SHA-256(prev ‖ RFC 8785 form of the entry without `hash`), lower-case hex. */
  readonly hash: string;
}

/** How far a log has got. */
export interface Head {
  readonly seq: number;
  /** Octets of the file up to and with the line of `seq`. */
  readonly size: number;
  readonly hash: string;
}

/** DESIGN: no event of ours comes near; the line at the head is read in one piece. */
export const maxEntryOctets = 64 * 1024;

/** The head of an empty log. */
export function genesis(origin: LogOrigin): Head {
  const text = ['OpenSMKI audit log v1', origin.environment, origin.component, origin.instance, ''].join(
    '\n'
  );
  return { seq: 0, size: 0, hash: createHash('sha256').update(text).digest('hex') };
}

export function entryHash(entry: Omit<Entry, 'hash'>): string {
  return chainHash(entry.prev, canonicalEntry(entry, canonicalFacts(entry.facts)));
}

function chainHash(prev: string, canonical: string): string {
  return createHash('sha256').update(Buffer.from(prev, 'hex')).update(canonical).digest('hex');
}

/** RFC 8785 form of an entry without its hash: the members in the order of their names. */
function canonicalEntry(entry: Omit<Entry, 'hash' | 'facts'>, facts: string): string {
  const { seq, at, id, type, actor, prev } = entry;
  return (
    `{"actor":${canonicalText(actor)},"at":${canonicalText(at)},"facts":${facts},"id":${canonicalText(id)},` +
    `"prev":${canonicalText(prev)},"seq":${seq},"type":${canonicalText(type)}}`
  );
}

/** Links an event behind `head`; answers its line and the new head. `facts`: their canonical form. */
export function link(
  head: Head,
  event: NamedEvent,
  facts = canonicalFacts(event.facts)
): { line: Buffer; head: Head } {
  const { id, at, type, actor } = event;
  const seq = head.seq + 1;
  const canonical = canonicalEntry({ seq, at, id, type, actor, prev: head.hash }, facts);
  const hash = chainHash(head.hash, canonical);
  // The octets that were hashed, with the hash as one more member.
  const line = Buffer.from(`${canonical.slice(0, -1)},"hash":"${hash}"}\n`);
  return { line, head: { seq, size: head.size + line.length, hash } };
}

const hex64 = /^[0-9a-f]{64}$/;

/** Reads a line; undefined when it is not an entry. Whether it is a true one, its hash says. */
export function parseEntry(line: Buffer): Entry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const entry = value as Record<string, unknown>;
  const keys = ['seq', 'at', 'id', 'type', 'actor', 'facts', 'prev', 'hash'];
  if (Object.keys(entry).length !== keys.length || keys.some(key => !(key in entry))) return undefined;
  const { seq, at, id, type, actor, facts, prev, hash } = entry;
  if (!Number.isSafeInteger(seq) || typeof facts !== 'object' || facts === null) return undefined;
  if (![at, id, type, actor].every(text => typeof text === 'string')) return undefined;
  if (![prev, hash].every(text => typeof text === 'string' && hex64.test(text))) return undefined;
  return value as Entry;
}

let counter = randomBytes(2).readUInt16BE();

/** Random octets for some hundreds of ids: drawing them one by one costs more than all else about an id. */
const random = Buffer.alloc(4_096);
let randomUsed = random.length;

/** RFC 9562 section 5.7, with a counter in rand_a so that ids of one process sort within a millisecond. */
export function uuidv7(at: Date): string {
  if (randomUsed === random.length) {
    randomFillSync(random);
    randomUsed = 0;
  }
  counter = (counter + 1) & 0x0fff;
  const time = at.getTime().toString(16).padStart(12, '0');
  const variant = (random.readUInt16BE(randomUsed) & 0x3fff) | 0x8000;
  const node = random.toString('hex', randomUsed + 2, randomUsed + 8);
  randomUsed += 8;
  return `${time.slice(0, 8)}-${time.slice(8)}-${(0x7000 | counter).toString(16)}-${variant.toString(16)}-${node}`;
}
