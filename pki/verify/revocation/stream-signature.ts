import { constants, createVerify, type Verify } from 'node:crypto';
import { sameOctets } from '../../der/octets.js';
import type { AlgorithmIdentifier } from '../../x509/index.js';
import { hashOctets, signatureSchemeOf, type SignatureScheme } from '../signature/algorithms.js';
import { importedKey, type ImportedKey } from '../signature/imported-key.js';
import { rawFromDer } from '../signature/strict.js';

/**
 * A signature over octets that pass by once. The hash is chosen by the algorithm inside them; what passes before
 * that is known is kept, a few octets. The answers are those of `isSigned`.
 */
export class StreamSignature {
  #before: Uint8Array[] = [];
  #scheme: SignatureScheme | undefined;
  #inner: AlgorithmIdentifier | undefined;
  #verify: Verify | undefined;

  update(octets: Uint8Array): void {
    if (this.#verify !== undefined) this.#verify.update(octets);
    // Once the algorithm is known to be none that is believed, nothing needs to be kept.
    else if (this.#inner === undefined) this.#before.push(Uint8Array.from(octets));
  }

  /** The algorithm inside the signed octets has been read. */
  begin(inner: AlgorithmIdentifier): void {
    this.#inner = inner;
    this.#scheme = signatureSchemeOf(inner);
    if (this.#scheme !== undefined) {
      this.#verify = createVerify(this.#scheme.hash);
      for (const octets of this.#before) this.#verify.update(octets);
    }
    this.#before = [];
  }

  /** All octets have passed; asked once. */
  verify(outer: AlgorithmIdentifier, signature: Uint8Array, spki: Uint8Array): boolean | 'unsupported' {
    const scheme = this.#scheme;
    const passed = this.#verify;
    if (signatureSchemeOf(outer) === undefined) return 'unsupported';
    // RFC 5280 5.1.1.2: both fields are the same.
    if (this.#inner === undefined || !sameOctets(this.#inner.der, outer.der)) return false;
    const key = importedKey(spki);
    if (key === undefined) return 'unsupported';
    if (scheme === undefined || passed === undefined) return 'unsupported';
    if (key.algorithm === 'RSA') return scheme.key === 'RSA' && verifyRsa(passed, key, scheme, signature);
    return scheme.key === 'EC' && verifyEcdsa(passed, key, signature);
  }
}

function verifyEcdsa(
  passed: Verify,
  { algorithm, key }: Exclude<ImportedKey, { algorithm: 'RSA' }>,
  signature: Uint8Array
): boolean {
  const raw = rawFromDer(signature, algorithm);
  return raw !== undefined && passed.verify({ key, dsaEncoding: 'ieee-p1363' }, raw);
}

/** As long as the modulus and below it (RFC 8017 8.1.2, 8.2.2). */
function verifyRsa(
  passed: Verify,
  { key, modulus }: Extract<ImportedKey, { algorithm: 'RSA' }>,
  scheme: Extract<SignatureScheme, { key: 'RSA' }>,
  signature: Uint8Array
): boolean {
  if (signature.length !== modulus.length || Buffer.compare(signature, modulus) >= 0) return false;
  return scheme.padding === 'pkcs1'
    ? passed.verify({ key, padding: constants.RSA_PKCS1_PADDING }, signature)
    : passed.verify(
        { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: hashOctets[scheme.hash] },
        signature
      );
}
