import { sameOctets } from '../../der/octets.js';
import type { SubjectPublicKey } from '../../x509/index.js';
import type { PathCertificate } from '../path/certificate.js';
import { sameName } from '../path/name.js';
import type { RevocationQuestion } from '../path/revocation.js';
import type { Crl } from './crl.js';
import type { RevocationFailure } from './error.js';

/** The key a list was found to be signed with by one who may. */
export type Signer =
  | { readonly found: true; readonly key: SubjectPublicKey }
  | { readonly found: false; readonly failure: RevocationFailure };

/** What of a question decides who may sign. */
type SignerQuestion = Pick<RevocationQuestion, 'certificate' | 'issuer' | 'signers' | 'signatures'>;

/**
 * Who signed a list about the certificate of a question (RFC 5280 6.3.3 f, g): its validated issuer under the very
 * key that verified the certificate, or else a certificate with the name of the list's issuer, cRLSign and a valid
 * path to the same anchor. A name alone is never enough. That the list is about the certificate is known already.
 */
export function signerOf(list: Crl, question: SignerQuestion): Signer {
  const { certificate: asked, issuer, signatures } = question;
  let failure: RevocationFailure = {
    code: 'revocation/signer',
    message: 'no certificate that may sign the list has a valid path to the same anchor'
  };
  const signs = (key: SubjectPublicKey, certificate: PathCertificate | undefined): boolean => {
    const fault = certificate === undefined ? undefined : signerFault(list, certificate);
    if (fault !== undefined) {
      if (failure.facts === undefined) failure = fault;
      return false;
    }
    const answer = signatures.verify(list, key);
    if (answer !== true) failure = signatureFault(answer);
    return answer === true;
  };
  if (sameName(list.issuer, issuer.name) && signs(issuer.key, issuer.certificate))
    return { found: true, key: issuer.key };
  // RFC 5280 4.2.1.13: a certificate may name its own subject as the issuer of the lists about it. That is its
  // issuer's word; where it has not been given, nobody vouches for himself.
  const isOwn = sameName(list.issuer, asked.subject) && !sameName(list.issuer, issuer.name);
  if (isOwn && signs(asked.publicKey, asked)) return { found: true, key: asked.publicKey };
  for (const { certificate, key } of question.signers(list.issuer)) {
    const isIssuer = issuer.certificate !== undefined && sameOctets(issuer.certificate.der, certificate.der);
    if (!isIssuer && sameName(list.issuer, certificate.subject) && signs(key, certificate))
      return { found: true, key };
  }
  return { found: false, failure };
}

/** Why a certificate is not one that the list can be signed with; undefined when it may be. */
export function signerFault(
  list: Pick<Crl, 'authorityKeyIdentifier'>,
  certificate: PathCertificate
): RevocationFailure | undefined {
  // RFC 5280 4.2.1.3: the extension is there in every certificate whose key verifies lists.
  if (certificate.keyUsage?.includes('cRLSign') !== true)
    return {
      code: 'revocation/signer',
      message: 'the certificate of the list’s issuer may not sign lists',
      facts: { keyUsage: certificate.keyUsage?.join(', ') ?? 'none' }
    };
  const named = list.authorityKeyIdentifier;
  const own = certificate.subjectKeyIdentifier;
  const otherKey =
    named?.keyIdentifier !== undefined && own !== undefined && !sameOctets(named.keyIdentifier, own);
  const otherCertificate =
    named?.serial !== undefined &&
    !(
      sameOctets(named.serial, certificate.serial) &&
      named.issuer?.some(name => name.kind === 'directoryName' && sameName(name.name, certificate.issuer)) ===
        true
    );
  if (otherKey || otherCertificate)
    return {
      code: 'revocation/signer',
      message: 'the list says that it was signed with another key of its issuer',
      facts: { extension: 'authorityKeyIdentifier' }
    };
  return undefined;
}

/** A signature that does not hold, or of an algorithm that is not believed. */
export function signatureFault(answer: false | 'unsupported'): RevocationFailure {
  return answer === 'unsupported'
    ? {
        code: 'revocation/signature',
        message: 'the signature algorithm is not one that is believed',
        facts: { algorithm: 'unsupported' }
      }
    : { code: 'revocation/signature', message: 'the signature does not verify' };
}
