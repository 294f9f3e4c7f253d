import { DerReader, tags } from '../der/index.js';
import { sameOctets } from '../der/octets.js';
import { assembleSigned, signatureAlgorithmDer, type SignatureAlgorithm } from '../x509/index.js';
import { ProfileError } from './errors.js';
import type { SizedKeyAlgorithm } from './profiles.js';

/** AlgorithmIdentifier of the signatures this kind of key makes, always with SHA-256. */
export function signatureAlgorithm(algorithm: SizedKeyAlgorithm): Uint8Array {
  return signatureAlgorithmDer[signatureAlgorithmName(algorithm)];
}

function signatureAlgorithmName(algorithm: SizedKeyAlgorithm): SignatureAlgorithm {
  return algorithm === 'P-256' ? 'ecdsa-with-SHA256' : 'sha256WithRSAEncryption';
}

/**
 * A certificate from its TBSCertificate and the signer's answer: raw r‖s (64 octets) for P-256, PKCS#1 v1.5 for
 * RSA. `profile/signature` for a signature of another length or an algorithm other than the one inside the TBS.
 * The signature is not verified here.
 */
export function assembleCertificate(
  tbs: Uint8Array,
  algorithm: SizedKeyAlgorithm,
  rawSignature: Uint8Array
): Uint8Array {
  return assemble(tbs, algorithm, rawSignature);
}

/** A CertificateList from its TBSCertList; as `assembleCertificate`. */
export function assembleCrl(
  tbs: Uint8Array,
  algorithm: SizedKeyAlgorithm,
  rawSignature: Uint8Array
): Uint8Array {
  return assemble(tbs, algorithm, rawSignature);
}

function assemble(tbs: Uint8Array, algorithm: SizedKeyAlgorithm, signature: Uint8Array): Uint8Array {
  if (!sameOctets(signatureAlgorithm(algorithm), innerAlgorithm(tbs)))
    throw new ProfileError('profile/signature', algorithm, 'not the algorithm of the to-be-signed octets');
  const octets = algorithm === 'P-256' ? 64 : Number(algorithm.slice('RSA-'.length)) / 8;
  if (signature.length !== octets)
    throw new ProfileError(
      'profile/signature',
      algorithm,
      `${signature.length} octets where ${octets} belong`
    );
  try {
    return assembleSigned(tbs, signatureAlgorithmName(algorithm), signature);
  } catch (cause) {
    throw new ProfileError('profile/signature', algorithm, 'r or s out of range', { cause });
  }
}

/** The `signature` field: the first SEQUENCE inside both TBSCertificate and TBSCertList. */
function innerAlgorithm(tbs: Uint8Array): Uint8Array {
  const fields = DerReader.over(tbs, 'TBS', { maxOctets: tbs.length }).sequence('TBS');
  let field = fields.any('signature');
  while (field.tag !== tags.sequence) field = fields.any('signature');
  return field.der;
}
