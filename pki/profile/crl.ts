import {
  contextOctets,
  contextTagged,
  enumerated,
  integer,
  octetString,
  oid,
  sequence,
  sequenceOf,
  time,
  unsignedInteger
} from '../der/index.js';
import { oids, type Certificate } from '../x509/index.js';
import { ProfileError } from './errors.js';
import { signatureAlgorithm } from './signature-algorithm.js';

/** Reasons that appear on our lists, RFC 5280 5.3.1; there is no suspension, so no certificateHold. */
export const revocationReasons = {
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9
} as const;
export type RevocationReason = keyof typeof revocationReasons;

/** One revoked certificate. */
export interface CrlEntry {
  /** INTEGER content octets of the serial number, upper-case hexadecimal. */
  readonly serialHex: string;
  readonly date: Date;
  readonly reason: RevocationReason;
}

export interface CrlInput {
  readonly issuer: Certificate;
  /** cRLNumber, positive and rising by one (RFC 5280 5.2.3). */
  readonly number: bigint;
  /** Whole seconds. */
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly entries: readonly CrlEntry[];
}

/**
 * The DER TBSCertList of a complete, direct CRL or ARL: version 2, authority key identifier and cRLNumber, every
 * entry with its reasonCode; no issuing distribution point, because small relying parties refuse what is
 * critical and unknown (RFC 5280 5.1, RFC 5759 4). Entries stand in the order of their serials.
 */
export function buildCrlTbs({ issuer, number, thisUpdate, nextUpdate, entries }: CrlInput): Uint8Array {
  const name = issuer.subject;
  const keyId = issuer.subjectKeyIdentifier;
  if (keyId?.length !== 8)
    throw new ProfileError('crl/issuer', issuer.serialHex, 'needs an 8-octet key identifier');
  if (number < 1n || number >= 1n << 159n)
    throw new ProfileError('crl/number', String(number), 'not 1..2^159-1');
  if (thisUpdate >= nextUpdate)
    throw new ProfileError('crl/time', issuer.serialHex, 'nextUpdate comes after thisUpdate');
  const sorted = [...entries].sort((a, b) => (a.serialHex < b.serialHex ? -1 : 1));
  sorted.forEach((entry, i) => {
    if (entry.serialHex === sorted[i + 1]?.serialHex)
      throw new ProfileError('crl/entry', entry.serialHex, 'listed twice');
  });
  const revoked = sorted.map(encodeEntry);
  return sequence(
    integer(1),
    signatureAlgorithm(issuer.publicKey.algorithm === 'P-256' ? 'P-256' : 'RSA-2048'),
    name.der,
    time(thisUpdate),
    time(nextUpdate),
    // RFC 5280 5.1.2.6: the list is absent, not empty, when nothing is revoked.
    ...(revoked.length === 0 ? [] : [sequenceOf(revoked)]),
    contextTagged(
      0,
      sequence(
        sequence(oid(oids.authorityKeyIdentifier), octetString(sequence(contextOctets(0, keyId)))),
        sequence(oid(oids.crlNumber), octetString(integer(number)))
      )
    )
  );
}

function encodeEntry({ serialHex, date, reason }: CrlEntry): Uint8Array {
  if (!/^([0-7][0-9A-F])([0-9A-F]{2}){0,19}$/.test(serialHex))
    throw new ProfileError('crl/entry', serialHex, 'not a positive serial number in upper-case hexadecimal');
  return sequence(
    unsignedInteger(Buffer.from(serialHex, 'hex')),
    time(date),
    sequence(sequence(oid(oids.reasonCode), octetString(enumerated(revocationReasons[reason]))))
  );
}
