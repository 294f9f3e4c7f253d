/**
 * The suite's certificates with keys of ours and policyConstraints critical. The suite was made for RFC 3280, which
 * left that open, so that most of its policy tests end here at the extension's form; made again they show the policies.
 */
import { readPathCertificate } from '../../../../pki/verify/path/certificate.js';
import { certificateDer, ext, extension, extensionOids, keyOf, type PkiKey } from '../../../kit/pki/index.js';

/** A key of the suite is known by its identifier, the same one in its certificate and in those it signed. */
function keyNamed(identifier: Uint8Array | undefined): PkiKey {
  return keyOf('P-256', `PKITS ${Buffer.from(identifier ?? []).toString('hex')}`);
}

export function reissued(der: Uint8Array): Uint8Array {
  const old = readPathCertificate(der);
  if (!('extensions' in old)) throw new Error(`${old.code}: ${old.message}`);
  const key = keyNamed(old.subjectKeyIdentifier);
  const signer = keyNamed(old.authorityKeyIdentifier?.keyIdentifier ?? old.subjectKeyIdentifier);
  const extensions = old.extensions.map(({ oid, critical, value }) => {
    switch (oid) {
      case extensionOids.subjectKeyIdentifier:
        return ext.subjectKeyIdentifier(key.keyId);
      case extensionOids.authorityKeyIdentifier:
        return ext.authorityKeyIdentifier(signer.keyId);
      case extensionOids.policyConstraints:
        return extension('policyConstraints', value, true);
      default:
        return extension(oid as `${number}.${string}`, value, critical);
    }
  });
  return certificateDer({
    serial: old.serial,
    issuer: old.issuer.der,
    subject: old.subject.der,
    notBefore: old.notBefore,
    notAfter: old.notAfter,
    key,
    signer,
    extensions
  });
}
