import { profileNames, profiles, subjectFaults, type Profile, type ProfileName } from '../profile/index.js';
import type { Certificate } from '../x509/index.js';

/**
 * The profile a certificate of unknown origin seems to have, for showing it: by kind, key, key usage and
 * subject. undefined when it resembles none. A guess decides nothing.
 */
export function guessProfile(certificate: Certificate): ProfileName | undefined {
  return profileNames.find(name => resembles(certificate, profiles[name]));
}

function resembles(certificate: Certificate, profile: Profile): boolean {
  const { basicConstraints, keyUsage = [], publicKey, subject, issuer } = certificate;
  const isCa = basicConstraints?.ca === true;
  const isRoot = isCa && Buffer.compare(subject.der, issuer.der) === 0;
  const kind = isRoot ? 'root' : isCa ? 'issuing' : 'end-entity';
  return (
    kind === profile.kind &&
    publicKey.algorithm === profile.keyAlgorithm &&
    profile.keyUsage.every(usage => keyUsage.includes(usage)) &&
    (profile.subject.length === 0
      ? subject.rdns.length === 0 && certificate.hardwareModuleName !== undefined
      : subject.rdns.length > 0 && subjectFaults(subject, profile).every(({ style }) => style))
  );
}
