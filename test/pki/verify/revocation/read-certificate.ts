import { readPathCertificate, type PathCertificate } from '../../../../pki/verify/path/certificate.js';

/** A certificate that a test has made to be read. */
export function readCertificate(der: Uint8Array): PathCertificate {
  const certificate = readPathCertificate(der);
  if ('code' in certificate) throw new Error(certificate.message);
  return certificate;
}
