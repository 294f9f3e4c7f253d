import { sha1 } from '../../digest.js';
import { sameOctets } from '../../der/octets.js';
import type { Name, SubjectPublicKey } from '../../x509/index.js';
import { readPathCertificate, type PathCertificate } from '../path/certificate.js';
import { conformanceFault } from '../path/conformance.js';
import { sameName } from '../path/name.js';
import type { ValidatedIssuer } from '../path/revocation.js';
import type { SignedObject } from '../path/signatures.js';
import type { RevocationFailure } from './error.js';
import type { OcspResponse, ResponderId } from './ocsp.js';
import { signatureFault } from './signer.js';

/** What is needed to judge who signed a response. */
export interface ResponderQuestion {
  /** The validated issuer of the certificate asked about. */
  readonly issuer: ValidatedIssuer;
  readonly at: Date;
  readonly verify: (object: SignedObject, key: SubjectPublicKey) => boolean | 'unsupported';
  /** Why a delegated responder without id-pkix-ocsp-nocheck is not believed; undefined when its status is good. */
  readonly whyNotGood: (responder: PathCertificate) => RevocationFailure | undefined;
}

const ocspSigning = '1.3.6.1.5.5.7.3.9';
const ocspNoCheck = '1.3.6.1.5.5.7.48.1.5';

/**
 * DESIGN: a response encloses the responder's certificate, now and then with its issuer's. Each of the right name
 * costs a signature; more than this many are not looked at.
 */
const maxEnclosed = 8;

/**
 * Why a response is not signed by one who may answer for the issuer (RFC 6960 4.2.2.2): the issuer itself, or one
 * whom it has certified, directly and with the same key, to sign responses. undefined when it is.
 */
export function responderFault(
  response: OcspResponse,
  question: ResponderQuestion
): RevocationFailure | undefined {
  const { issuer, verify } = question;
  let failure: RevocationFailure = {
    code: 'revocation/signer',
    message: 'the response is not by the issuer or one whom it has certified to answer'
  };
  const signs = (key: SubjectPublicKey) => {
    const answer = verify(response, key);
    if (answer !== true) failure = signatureFault(answer);
    return answer === true;
  };
  if (isNamed(response.responderId, issuer.name, issuer.key)) {
    // RFC 5280 4.2.1.3: signatures on other things than certificates and lists need the bit.
    if (issuer.certificate?.keyUsage?.includes('digitalSignature') === false)
      failure = unfit('the issuer’s key may sign certificates and lists only', 'keyUsage');
    else if (signs(issuer.key)) return undefined;
  }
  for (const der of response.certificates.slice(0, maxEnclosed)) {
    const certificate = readPathCertificate(der);
    if ('code' in certificate || !isNamed(response.responderId, certificate.subject, certificate.publicKey))
      continue;
    const fault = delegateFault(certificate, question);
    if (fault !== undefined) failure = fault;
    else if (signs(certificate.publicKey)) return undefined;
  }
  return failure;
}

function isNamed(responder: ResponderId, name: Name, key: SubjectPublicKey): boolean {
  return responder.kind === 'name'
    ? sameName(responder.name, name)
    : sameOctets(responder.hash, sha1(key.keyBits));
}

function delegateFault(
  certificate: PathCertificate,
  { issuer, at, verify, whyNotGood }: ResponderQuestion
): RevocationFailure | undefined {
  const isIssued = sameName(certificate.issuer, issuer.name) && verify(certificate, issuer.key) === true;
  if (!isIssued) return unfit('the responder was not certified by the issuer itself', 'issuer');
  if (certificate.extendedKeyUsage?.includes(ocspSigning) !== true)
    return unfit('the responder was not certified to sign responses', 'extendedKeyUsage');
  if (certificate.keyUsage?.includes('digitalSignature') === false)
    return unfit('the responder’s key may not sign responses', 'keyUsage');
  if (at < certificate.notBefore || at > certificate.notAfter)
    return unfit('the responder’s certificate is not valid at the moment asked about', 'validity');
  const fault = conformanceFault(certificate, () => verify(certificate, certificate.publicKey) === true);
  if (fault !== undefined) return unfit('the responder’s certificate is not as RFC 5280 has it', fault.code);
  if (certificate.extensions.some(({ oid }) => oid === ocspNoCheck)) return undefined;
  return whyNotGood(certificate);
}

function unfit(message: string, field: string): RevocationFailure {
  return { code: 'revocation/signer', message, facts: { field } };
}
