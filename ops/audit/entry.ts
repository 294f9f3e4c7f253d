import { createHash, randomBytes } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { AuditEvent } from '../kit/audit.js';

/** Which log this is; part of the first link of its chain. */
export interface LogOrigin {
  readonly environment: string;
  readonly component: string;
  readonly instance: string;
}

/** An event with its id and time, not yet in a log. */
export interface StampedEvent extends AuditEvent {
  /** UUID, version 7: sorts by time. */
  readonly id: string;
  /** ISO 8601 in UTC, with milliseconds. */
  readonly at: string;
}

/** One line of a log. */
export interface Entry extends StampedEvent {
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
  const { seq, at, id, type, actor, facts, prev } = entry;
  return createHash('sha256')
    .update(Buffer.from(prev, 'hex'))
    .update(canonicalize({ seq, at, id, type, actor, facts, prev }) ?? '')
    .digest('hex');
}

/** Links an event behind `head`; answers its line and the new head. */
export function link(head: Head, event: StampedEvent): { line: Buffer; head: Head } {
  const { id, at, type, actor, facts } = event;
  const unhashed = { seq: head.seq + 1, at, id, type, actor, facts, prev: head.hash };
  const hash = entryHash(unhashed);
  const line = Buffer.from(`${JSON.stringify({ ...unhashed, hash })}\n`);
  return { line, head: { seq: unhashed.seq, size: head.size + line.length, hash } };
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

/** RFC 9562 section 5.7, with a counter in rand_a so that ids of one process sort within a millisecond. */
export function uuidv7(at: Date): string {
  const octets = Buffer.alloc(16);
  octets.writeUIntBE(at.getTime(), 0, 6);
  counter = (counter + 1) & 0x0fff;
  octets.writeUInt16BE(0x7000 | counter, 6);
  randomBytes(8).copy(octets, 8);
  octets.writeUInt8((octets.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = octets.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
