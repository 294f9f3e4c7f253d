import { readPathCertificate, type PathCertificate } from '../path/certificate.js';
import { RevocationError } from './error.js';

/** A certificate the caller hands in beside a list or a response, read whole, its extensions included. */
export function readGivenCertificate(der: Uint8Array, what: string): PathCertificate {
  const certificate = readPathCertificate(der);
  const [fault] = 'code' in certificate ? [certificate] : certificate.faults;
  if ('code' in certificate || fault !== undefined)
    throw new RevocationError({
      code: 'revocation/malformed',
      message: `${what} cannot be read`,
      ...(fault === undefined ? {} : { facts: { ...fault.facts, cause: fault.code } })
    });
  return certificate;
}

/** The issuer a caller vouches for, within its validity: beyond that its key says nothing (RFC 5280 4.1.2.5). */
export function readGivenIssuer(der: Uint8Array, at: Date): PathCertificate {
  const issuer = readGivenCertificate(der, 'the issuer');
  const { notBefore, notAfter } = issuer;
  if (at < notBefore || at > notAfter)
    throw new RevocationError({
      code: 'revocation/signer',
      message: 'the issuer’s certificate is not valid at the moment asked about',
      facts: { notBefore: notBefore.toISOString(), notAfter: notAfter.toISOString() }
    });
  return issuer;
}
