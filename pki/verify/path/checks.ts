import { formatName, type KeyUsageName, type Name } from '../../x509/index.js';
import type { PathCertificate } from './certificate.js';
import { conformanceFault } from './conformance.js';
import { fault, type Fault } from './failure.js';
import { sameName } from './name.js';
import type { Signatures } from './signatures.js';

/** Both ends are inclusive (RFC 5280 4.1.2.5). */
export function dateFault({ notBefore, notAfter }: PathCertificate, at: Date): Fault | undefined {
  const asked = at.toISOString();
  if (!(at >= notBefore))
    return fault('path/not-yet-valid', 'the certificate is not valid yet', {
      notBefore: notBefore.toISOString(),
      at: asked
    });
  if (!(at <= notAfter))
    return fault('path/expired', 'the certificate has expired', {
      notAfter: notAfter.toISOString(),
      at: asked
    });
  return undefined;
}

/** Whether a certificate may issue others (RFC 5280 6.1.4 k, n). */
export function authorityFault({ basicConstraints, keyUsage }: PathCertificate): Fault | undefined {
  if (basicConstraints?.ca !== true)
    return fault('path/issuer-authority', 'the issuer is not a CA', { clause: 'RFC 5280 6.1.4 (k)' });
  if (keyUsage?.includes('keyCertSign') !== true)
    return fault('path/issuer-authority', 'the issuer’s key may not sign certificates', {
      clause: 'RFC 5280 6.1.4 (n)'
    });
  return undefined;
}

/** Whether each purpose is named; a certificate without the extension is good for all (RFC 5280 4.2.1.12). */
export function purposeFault(certificate: PathCertificate, purposes: readonly string[]): Fault | undefined {
  const missing = purposes.find(purpose => certificate.extendedKeyUsage?.includes(purpose) === false);
  return missing === undefined
    ? undefined
    : fault('path/extended-key-usage', 'the certificate is not for the purpose asked for', {
        purpose: missing
      });
}

/** Usages of which a purpose needs one (RFC 5280 4.2.1.12). */
const usagesOfPurposes: ReadonlyMap<string, readonly KeyUsageName[]> = new Map([
  ['1.3.6.1.5.5.7.3.1', ['digitalSignature', 'keyEncipherment', 'keyAgreement']],
  ['1.3.6.1.5.5.7.3.2', ['digitalSignature', 'keyAgreement']],
  ['1.3.6.1.5.5.7.3.3', ['digitalSignature']],
  ['1.3.6.1.5.5.7.3.4', ['digitalSignature', 'nonRepudiation', 'keyEncipherment', 'keyAgreement']],
  ['1.3.6.1.5.5.7.3.8', ['digitalSignature', 'nonRepudiation']],
  ['1.3.6.1.5.5.7.3.9', ['digitalSignature', 'nonRepudiation']]
]);

/** Whether the target's keyUsage, where it has one, is consistent with each purpose asked for (RFC 5280 4.2.1.12). */
export function purposeUsageFault(
  { keyUsage }: PathCertificate,
  purposes: readonly string[]
): Fault | undefined {
  if (keyUsage === undefined) return undefined;
  const missing = purposes.find(
    purpose => usagesOfPurposes.get(purpose)?.some(usage => keyUsage.includes(usage)) === false
  );
  return missing === undefined
    ? undefined
    : fault('path/key-usage', 'the key usage is not consistent with the purpose asked for', {
        purpose: missing
      });
}

/** Whether the target's keyUsage, where it has one, has each usage. */
export function usageFault(
  { keyUsage }: PathCertificate,
  usages: readonly KeyUsageName[]
): Fault | undefined {
  const missing = usages.find(usage => keyUsage?.includes(usage) === false);
  return missing === undefined
    ? undefined
    : fault('path/key-usage', 'the key is not for the usage asked for', { usage: missing });
}

/** RFC 5280 section 4 and the dates: what is wrong with a certificate wherever it stands. */
export function ownFault(certificate: PathCertificate, at: Date, signatures: Signatures): Fault | undefined {
  return (
    conformanceFault(certificate, () => signatures.verify(certificate, certificate.publicKey) === true) ??
    dateFault(certificate, at)
  );
}

export function isSelfIssued({ issuer, subject }: PathCertificate): boolean {
  return sameName(issuer, subject);
}

/** DESIGN: a message is for one line; a name of 64 KiB is nobody's. */
const maxNameText = 256;

/** RFC 4514 text of a name, controls escaped, cut where it is too long to read. */
export function nameText(name: Name): string {
  const text = formatName(name);
  return text.length > maxNameText ? `${text.slice(0, maxNameText)}…` : text;
}
