import { DerError, DerReader, contextConstructed, tags } from '../der/index.js';
import { readAlgorithm, type AlgorithmIdentifier } from './algorithm.js';
import { X509Error } from './error.js';
import {
  decodeExtension,
  duplicatesIn,
  readExtensions,
  type AuthorityKeyIdentifier,
  type Extension
} from './extension.js';
import { readName, type Name } from './name.js';
import { oids } from './oids.js';

export interface RevokedEntry {
  /** Serial number's content octets in upper-case hex, as `Certificate.serialHex`. */
  readonly serialHex: string;
  readonly date: Date;
  /** RFC 5280 5.3.1 code; undefined when the entry names none. */
  readonly reason: number | undefined;
}

/** A revocation list (CRL or ARL) read from strict DER. Octet arrays are views of `der`. Nothing has been verified. */
export interface CertificateList {
  readonly der: Uint8Array;
  /** tbsCertList as received: the octets that are signed. */
  readonly tbs: Uint8Array;
  readonly tbsSignatureAlgorithm: AlgorithmIdentifier;
  readonly issuer: Name;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly entryCount: number;
  /**
   * The entries in order, read again from the octets at each call so that a list of a million of them costs no
   * memory. All of them were checked by `parseCrl`.
   */
  entries(): Generator<RevokedEntry, void, undefined>;
  readonly extensions: readonly Extension[];
  readonly number: bigint;
  readonly authorityKeyIdentifier: AuthorityKeyIdentifier | undefined;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
}

/** DESIGN: some 800,000 entries; the profile's lists hold thousands. */
const maxCrlOctets = 32 * 1024 * 1024;

/**
 * Reads an X.509 v2 revocation list (RFC 5280 5.1) from DER, whole, in time linear in its length. Complete, direct
 * lists only: nextUpdate and cRLNumber are required (RFC 5280 5.1.2.5, 5.2.3), and any critical extension, of the
 * list (scope, delta) or of an entry (another issuer), throws `x509/critical-extension` rather than being misread.
 */
export function parseCrl(der: Uint8Array, maxOctets: number = maxCrlOctets): CertificateList {
  const outer = DerReader.over(der, 'certificateList', { maxOctets });
  const list = outer.sequence('certificateList');
  outer.end('certificateList');
  const tbs = list.read(tags.sequence, 'tbsCertList');
  const signatureAlgorithm = readAlgorithm(list, 'signatureAlgorithm');
  const signature = list.octetsOfBitString('signatureValue');
  list.end('certificateList');

  const reader = list.inside(tbs, 'tbsCertList');
  if (reader.peek() !== tags.integer || reader.smallInteger('version') !== 1)
    throw new X509Error('x509/version', 'version');
  const tbsSignatureAlgorithm = readAlgorithm(reader, 'signature');
  const issuer = readName(reader, 'issuer');
  const thisUpdate = reader.time('thisUpdate');
  const nextUpdate = reader.time('nextUpdate');
  let revoked: Uint8Array | undefined;
  let entryCount = 0;
  if (reader.peek() === tags.sequence) {
    const value = reader.read(tags.sequence, 'revokedCertificates');
    // RFC 5280 5.1.2.6: absent when empty.
    if (value.content.length === 0) throw new DerError('der/value', value.offset, 'revokedCertificates');
    const entries = reader.inside(value, 'revokedCertificates');
    for (; !entries.done; entryCount++) readEntry(entries);
    revoked = value.content;
  }
  const explicit = reader.enter(contextConstructed(0), 'crlExtensions');
  const extensions = readExtensions(explicit, 'crlExtensions');
  explicit.end('crlExtensions');
  reader.end('tbsCertList');
  checkExtensions(extensions);
  const valueOf = (identifier: string) => extensions.find(extension => extension.oid === identifier)?.value;
  const number = valueOf(oids.crlNumber);
  if (number === undefined) throw new DerError('der/value', tbs.offset, 'cRLNumber');
  const aki = valueOf(oids.authorityKeyIdentifier);
  return {
    der,
    tbs: tbs.der,
    tbsSignatureAlgorithm,
    issuer,
    thisUpdate,
    nextUpdate,
    entryCount,
    *entries() {
      if (revoked === undefined) return;
      const again = DerReader.over(revoked, 'revokedCertificates', { maxOctets });
      while (!again.done) yield readEntry(again);
    },
    extensions,
    number: decodeExtension.crlNumber(number),
    authorityKeyIdentifier: aki === undefined ? undefined : decodeExtension.authorityKeyIdentifier(aki),
    signatureAlgorithm,
    signature
  };
}

function readEntry(entries: DerReader): RevokedEntry {
  const entry = entries.sequence('revokedCertificate');
  const serial = entry.integer('userCertificate', 20);
  const date = entry.time('revocationDate');
  let reason: number | undefined;
  if (!entry.done) {
    const extensions = readExtensions(entry, 'crlEntryExtensions');
    checkExtensions(extensions);
    const value = extensions.find(extension => extension.oid === oids.reasonCode)?.value;
    reason = value === undefined ? undefined : decodeExtension.reasonCode(value);
  }
  entry.end('revokedCertificate');
  return { serialHex: Buffer.from(serial).toString('hex').toUpperCase(), date, reason };
}

function checkExtensions(extensions: readonly Extension[]): void {
  const [twice] = duplicatesIn(extensions);
  if (twice !== undefined) throw new X509Error('x509/duplicate-extension', twice);
  const critical = extensions.find(extension => extension.critical);
  if (critical !== undefined) throw new X509Error('x509/critical-extension', critical.oid);
}
