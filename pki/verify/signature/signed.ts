import { sameOctets } from '../../der/octets.js';
import type { AlgorithmIdentifier, SubjectPublicKey } from '../../x509/index.js';
import { signatureSchemeOf } from './algorithms.js';
import { importedKey } from './imported-key.js';
import { verifyEcdsa, verifyRsa } from './strict.js';

/**
 * Whether something signed, a certificate, a revocation list or a response, is signed by a key.
 *
 * @param tbs the octets that are signed, as received
 * @param signatureAlgorithm the identifier beside the signature
 * @param tbsSignatureAlgorithm the identifier inside `tbs`, which must be the same octets (RFC 5280 4.1.1.2,
 *   5.1.1.2); undefined where the structure has none
 * @param signature the octets of the BIT STRING: ECDSA-Sig-Value in DER, or the RSA signature
 * @returns `unsupported` when the identifier is not in the table of algorithms, or the RSA key is outside the
 *   sizes that are believed: nobody could tell whether the signature is good. False when it is not good, made
 *   by a key of another kind included.
 */
export function isSigned(
  tbs: Uint8Array,
  signatureAlgorithm: AlgorithmIdentifier,
  tbsSignatureAlgorithm: AlgorithmIdentifier | undefined,
  signature: Uint8Array,
  publicKey: SubjectPublicKey
): boolean | 'unsupported' {
  const scheme = signatureSchemeOf(signatureAlgorithm);
  if (scheme === undefined) return 'unsupported';
  if (tbsSignatureAlgorithm !== undefined && !sameOctets(tbsSignatureAlgorithm.der, signatureAlgorithm.der))
    return false;
  const key = importedKey(publicKey.spki);
  if (key === undefined) return 'unsupported';
  if (key.algorithm === 'RSA')
    return scheme.key === 'RSA' && verifyRsa(key, scheme.hash, scheme.padding, tbs, signature);
  return scheme.key === 'EC' && verifyEcdsa(key, scheme.hash, tbs, signature, 'der');
}
