/**
 * Step 8, first half: what came back from the token is a signature over exactly the linted bytes, or nothing. A
 * token may answer OK with a wrong, short or corrupt one.
 */
import {
  DerReader,
  assembleCertificate,
  assembleCrl,
  keyAlgorithmOf,
  parseCrl,
  profiles,
  tags,
  verifyWithKnownKey,
  type Certificate,
  type CertificateList,
  type PointVerifier,
  type Policy,
  type ProfileName
} from '../../pki/index.js';
import { CaError } from '../errors.js';

/**
 * The DER certificate, after it was taken apart again into its three members: the first is what was linted, octet by
 * octet, and the signature in the third, as it stands there, verifies over the first with the issuer's key. What is
 * inside the first the lint stage has read; reading it again would say nothing that equal octets do not. Throws
 * `CaError` `ca/wrong-signature`.
 */
export function certificateFrom(
  tbs: Uint8Array,
  signature: Uint8Array,
  issuerSpki: Uint8Array,
  profile: ProfileName,
  policy: Policy,
  verifyPoint?: PointVerifier
): Uint8Array {
  const algorithm = keyAlgorithmOf(profiles[profiles[profile].issuerProfile], policy);
  let der: Uint8Array;
  let signed: Uint8Array;
  let value: Uint8Array;
  try {
    der = assembleCertificate(tbs, algorithm, signature);
    const outer = DerReader.over(der, 'certificate');
    const members = outer.sequence('certificate');
    outer.end('certificate');
    signed = members.read(tags.sequence, 'tbsCertificate').der;
    members.read(tags.sequence, 'signatureAlgorithm');
    value = members.octetsOfBitString('signatureValue');
    members.end('certificate');
  } catch (cause) {
    throw new CaError('ca/wrong-signature', 'the signed structure cannot be assembled', { cause });
  }
  if (Buffer.compare(signed, tbs) !== 0)
    throw new CaError('ca/wrong-signature', 'the assembled structure holds other bytes than were linted');
  if (!verifyWithKnownKey(issuerSpki, signed, value, 'der', verifyPoint))
    throw new CaError('ca/wrong-signature', 'the signature does not verify over the linted bytes');
  return der;
}

/** The revocation list, read back whole: it is read for its dates and entries anyway. */
export function crlFrom(
  tbs: Uint8Array,
  signature: Uint8Array,
  issuer: Certificate,
  profile: ProfileName,
  policy: Policy
): CertificateList {
  if (!verifyWithKnownKey(issuer.publicKey.spki, tbs, signature, 'raw'))
    throw new CaError('ca/wrong-signature', 'the signature does not verify over the linted bytes');
  let crl: CertificateList;
  try {
    crl = parseCrl(assembleCrl(tbs, keyAlgorithmOf(profiles[profile], policy), signature));
  } catch (cause) {
    throw new CaError('ca/wrong-signature', 'the signed structure cannot be assembled', { cause });
  }
  if (Buffer.compare(crl.tbs, tbs) !== 0)
    throw new CaError('ca/wrong-signature', 'the assembled structure holds other bytes than were linted');
  return crl;
}
