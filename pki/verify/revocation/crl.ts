import { DerError, DerReader, contextConstructed, tags } from '../../der/index.js';
import type { AlgorithmIdentifier, Name } from '../../x509/index.js';
import { readAlgorithm } from '../../x509/algorithm.js';
import { isEmptyName, readName } from '../path/name.js';
import type { SignedObject } from '../path/signatures.js';
import { EntryCursor, type CrlEntry } from './crl-entry.js';
import { readListExtensions, type ListExtensions } from './crl-extensions.js';
import { malformed } from './error.js';
import { removeFromCrl } from './reasons.js';

/** What stands before the entries of a list. */
export interface ListHead {
  readonly tbsSignatureAlgorithm: AlgorithmIdentifier;
  readonly issuer: Name;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
}

/**
 * A revocation list of any kind (complete, delta, scoped, indirect) read from strict DER. Octet arrays are views of
 * `der`. Nothing has been verified.
 */
export interface Crl extends ListHead, ListExtensions, Omit<SignedObject, 'tbsSignatureAlgorithm'> {
  readonly der: Uint8Array;
  readonly entryCount: number;
  /** The entries in order, read again from the octets at each call: a list costs no memory beyond its octets. */
  entries(): Generator<CrlEntry, void, undefined>;
  /** The entries with this serial number (content octets), of whichever issuer. One pass over the list. */
  entriesOf(serial: Uint8Array): CrlEntry[];
}

/**
 * DESIGN: some 800,000 entries. A pass over as many takes a tenth of a second; what is larger is read as a stream.
 */
const maxCrlOctets = 32 * 1024 * 1024;

/**
 * Reads an X.509 v2 list (RFC 5280 5.1) whole. Throws `RevocationError`, `DerError` or `X509Error`. Every entry is
 * checked here: whatever a lookup skips afterwards has been read once.
 */
export function readCrl(der: Uint8Array): Crl {
  const outer = DerReader.over(der, 'certificateList', { maxOctets: maxCrlOctets });
  const list = outer.sequence('certificateList');
  outer.end('certificateList');
  const tbs = list.read(tags.sequence, 'tbsCertList');
  const signatureAlgorithm = readAlgorithm(list, 'signatureAlgorithm');
  const signature = list.octetsOfBitString('signatureValue');
  list.end('certificateList');

  const reader = list.inside(tbs, 'tbsCertList');
  const head = readListHead(reader);
  const revoked =
    reader.peek() === tags.sequence ? reader.read(tags.sequence, 'revokedCertificates') : undefined;
  // RFC 5280 5.1.2.6: absent when empty.
  if (revoked?.content.length === 0) throw new DerError('der/value', revoked.offset, 'revokedCertificates');
  if (reader.done) throw malformed('the list has no cRLNumber', 'RFC 5280 5.2.3');
  const explicit = reader.enter(contextConstructed(0), 'crlExtensions');
  const extensions = readListExtensions(explicit);
  explicit.end('crlExtensions');
  reader.end('tbsCertList');

  const octets = revoked?.content ?? new Uint8Array();
  const rules = new EntryRules();
  let entryCount = 0;
  for (const cursor = new EntryCursor(octets); !cursor.done; entryCount++) {
    cursor.nextSerial();
    cursor.readRest();
    rules.see(cursor);
  }
  rules.judge(extensions);
  return {
    ...head,
    ...extensions,
    der,
    tbs: tbs.der,
    signatureAlgorithm,
    signature,
    entryCount,
    *entries() {
      for (const cursor = new EntryCursor(octets); !cursor.done;) {
        cursor.nextSerial();
        cursor.readRest();
        yield cursor.entry;
      }
    },
    entriesOf: serial => entriesOf(octets, serial, extensions.scope?.indirect === true)
  };
}

function entriesOf(octets: Uint8Array, serial: Uint8Array, indirect: boolean): CrlEntry[] {
  // Of an indirect list every entry is read, for any may name the issuer of those after it: only where it pays.
  if (indirect && entriesOf(octets, serial, false).length === 0) return [];
  const found: CrlEntry[] = [];
  for (const cursor = new EntryCursor(octets); !cursor.done;) {
    cursor.nextSerial();
    const has = cursor.hasSerial(serial);
    if (has || indirect) cursor.readRest();
    if (has) found.push(cursor.entry);
  }
  return found;
}

/** The fields of tbsCertList before the entries. */
export function readListHead(reader: DerReader): ListHead {
  // RFC 5280 5.1.2.1: version 2 where there are extensions, and 5.2.3 demands one.
  if (reader.peek() !== tags.integer || reader.smallInteger('version') !== 1)
    throw malformed('the list is not of version 2', 'RFC 5280 5.1.2.1');
  const tbsSignatureAlgorithm = readAlgorithm(reader, 'signature');
  const issuer = readName(reader, 'issuer');
  if (isEmptyName(issuer)) throw malformed('the list names no issuer', 'RFC 5280 5.1.2.3');
  const thisUpdate = reader.time('thisUpdate');
  if (reader.peek() !== tags.utcTime && reader.peek() !== tags.generalizedTime)
    throw malformed('the list has no nextUpdate', 'RFC 5280 5.1.2.5');
  const nextUpdate = reader.time('nextUpdate');
  if (nextUpdate < thisUpdate) throw malformed('nextUpdate lies before thisUpdate', 'RFC 5280 5.1.2.5');
  return { tbsSignatureAlgorithm, issuer, thisUpdate, nextUpdate };
}

/** What entries may only say in a list of some kind; the kind stands behind them. */
export class EntryRules {
  #removes = false;
  #namesIssuer = false;

  see(cursor: EntryCursor): void {
    if (cursor.reason === removeFromCrl) this.#removes = true;
    if (cursor.namesIssuer) this.#namesIssuer = true;
  }

  judge({ baseNumber, scope }: ListExtensions): void {
    if (this.#removes && baseNumber === undefined)
      throw malformed('a complete list has an entry that takes off the list', 'RFC 5280 5.3.1');
    if (this.#namesIssuer && scope?.indirect !== true)
      throw malformed('a direct list has an entry of another issuer', 'RFC 5280 5.3.3');
  }
}
