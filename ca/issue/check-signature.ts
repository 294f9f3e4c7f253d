/**
 * Step 8, first half: what came back from the token is a signature over exactly the linted bytes, or nothing. A
 * token may answer OK with a wrong, short or corrupt one.
 */
import {
  assembleCertificate,
  assembleCrl,
  keyAlgorithmOf,
  parseCertificate,
  parseCrl,
  profiles,
  verifySignature,
  type Certificate,
  type CertificateList,
  type Policy,
  type ProfileName
} from '../../pki/index.js';
import { CaError } from '../errors.js';

/**
 * The certificate, after the signature was verified with the issuer's key and the assembled bytes were read back
 * and compared with what was linted. Throws `CaError` `ca/wrong-signature`.
 */
export function certificateFrom(
  tbs: Uint8Array,
  signature: Uint8Array,
  issuerSpki: Uint8Array,
  profile: ProfileName,
  policy: Policy
): Certificate {
  const algorithm = keyAlgorithmOf(profiles[profiles[profile].issuerProfile], policy);
  return checked(tbs, signature, issuerSpki, () => {
    const certificate = parseCertificate(assembleCertificate(tbs, algorithm, signature));
    return { tbs: certificate.tbs, value: certificate };
  });
}

/** The revocation list; as `certificateFrom`. */
export function crlFrom(
  tbs: Uint8Array,
  signature: Uint8Array,
  issuer: Certificate,
  profile: ProfileName,
  policy: Policy
): CertificateList {
  const algorithm = keyAlgorithmOf(profiles[profile], policy);
  return checked(tbs, signature, issuer.publicKey.spki, () => {
    const crl = parseCrl(assembleCrl(tbs, algorithm, signature));
    return { tbs: crl.tbs, value: crl };
  });
}

function checked<T>(
  tbs: Uint8Array,
  signature: Uint8Array,
  spki: Uint8Array,
  assemble: () => { tbs: Uint8Array; value: T }
): T {
  if (!verifySignature(spki, tbs, signature, 'raw'))
    throw new CaError('ca/wrong-signature', 'the signature does not verify over the linted bytes');
  let assembled: { tbs: Uint8Array; value: T };
  try {
    assembled = assemble();
  } catch (cause) {
    throw new CaError('ca/wrong-signature', 'the signed structure cannot be assembled', { cause });
  }
  if (Buffer.compare(assembled.tbs, tbs) !== 0)
    throw new CaError('ca/wrong-signature', 'the assembled structure holds other bytes than were linted');
  return assembled.value;
}
