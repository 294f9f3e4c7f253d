import { sameOctets } from '../../der/octets.js';
import { oids, signatureAlgorithmOf, type Certificate, type CertificateList } from '../../x509/index.js';
import { failure, type VerifyFailure } from './result.js';
import { verifyWithKnownKey } from '../signature/index.js';

/** A list that `verifyIssuedCrl` has accepted; nothing else makes one. */
export interface VerifiedCrl {
  readonly list: CertificateList;
  /** The issuer whose key signed it. */
  readonly issuer: Certificate;
  /** The entry of a serial number (upper-case hexadecimal), undefined when it is not listed. */
  entry(serialHex: string): RevokedCertificate | undefined;
  /** Whether the list is current at a moment: not before thisUpdate, not after nextUpdate. */
  isCurrent(at: Date): boolean;
}

export interface RevokedCertificate {
  readonly date: Date;
  /** RFC 5280 5.3.1 code, undefined when the entry names none. */
  readonly reason: number | undefined;
}

export type CrlResult = { readonly ok: true; readonly crl: VerifiedCrl } | VerifyFailure;

const scopes: ReadonlySet<string> = new Set([oids.issuingDistributionPoint, oids.deltaCrlIndicator]);
const verified = new WeakSet<VerifiedCrl>();

/**
 * Whether a complete, direct list is the issuer's and current: issuer name by octets, key identifier, cRLSign
 * and CA, signature over the octets received, thisUpdate not in the future, nextUpdate not past. The issuer
 * itself must have been verified before. Critical extensions, scopes and deltas were refused by the reader, and
 * a scope or delta not marked critical is refused here: what is not understood is never accepted.
 */
export function verifyIssuedCrl(list: CertificateList, issuer: Certificate, at: Date): CrlResult {
  const keyId = list.authorityKeyIdentifier?.keyIdentifier;
  const own = issuer.subjectKeyIdentifier;
  if (list.extensions.some(({ oid }) => scopes.has(oid)))
    return failure('verify/critical-extension', 0, 'the list has a scope or is a delta');
  if (!sameOctets(list.issuer.der, issuer.subject.der))
    return failure('verify/issuer-name', 0, 'the list is of another issuer');
  if (!keyId || !own || !sameOctets(keyId, own))
    return failure('verify/issuer-key', 0, 'the list is by another key');
  if (issuer.basicConstraints?.ca !== true || !issuer.keyUsage?.includes('cRLSign'))
    return failure('verify/issuer-authority', 1, 'may not sign lists');
  if (!isSigned(list, issuer)) return failure('verify/signature', 0, 'does not verify');
  if (at < list.thisUpdate) return failure('verify/crl-not-yet-valid', 0, list.thisUpdate.toISOString());
  if (at > list.nextUpdate) return failure('verify/crl-stale', 0, list.nextUpdate.toISOString());

  const entries = new Map<string, RevokedCertificate>();
  for (const { serialHex, date, reason } of list.entries()) entries.set(serialHex, { date, reason });
  const from = list.thisUpdate.getTime();
  const until = list.nextUpdate.getTime();
  const crl: VerifiedCrl = {
    list,
    issuer,
    entry: serialHex => entries.get(serialHex),
    isCurrent: moment => moment.getTime() >= from && moment.getTime() <= until
  };
  verified.add(crl);
  return { ok: true, crl };
}

/** Whether `verifyIssuedCrl` made this object. */
export function isVerified(crl: VerifiedCrl): boolean {
  return verified.has(crl);
}

function isSigned(
  { tbs, signature, signatureAlgorithm, tbsSignatureAlgorithm }: CertificateList,
  issuer: Certificate
) {
  const expected = issuer.publicKey.algorithm === 'RSA' ? 'sha256WithRSAEncryption' : 'ecdsa-with-SHA256';
  return (
    signatureAlgorithmOf(signatureAlgorithm) === expected &&
    sameOctets(signatureAlgorithm.der, tbsSignatureAlgorithm.der) &&
    verifyWithKnownKey(issuer.publicKey.spki, tbs, signature, 'der')
  );
}
