/** The issuing CAs of this process, each with its key's label and its chain, checked once at start. */
import {
  formatName,
  parseCertificate,
  profiles,
  verifyIssued,
  type Certificate,
  type Policy,
  type ProfileName
} from '../../pki/index.js';
import type { Environment } from '../../pki/messages/index.js';
import type { IssuerConfig } from '../config.js';
import { CaError } from '../errors.js';

export interface Issuer {
  /** RFC 4514 text of the subject: globally unique by policy, the `issuer` column of the database. */
  readonly name: string;
  readonly profile: ProfileName;
  readonly certificate: Certificate;
  readonly root: Certificate;
  readonly keyLabel: string;
}

/**
 * Reads the configured issuers and verifies each under its root by the profile table. Throws `CaError`
 * `ca/configuration`; whether the token holds the very keys is checked when the signer is there.
 */
export function readIssuers(
  configured: readonly IssuerConfig[],
  environment: Environment,
  policy: Policy,
  at: Date
): Issuer[] {
  const issuers = configured.map(entry => {
    const certificate = parseCertificate(entry.certificate);
    const root = parseCertificate(entry.root);
    const name = formatName(certificate.subject);
    if (!entry.keyLabel.startsWith(`${environment}-`))
      throw new CaError(
        'ca/configuration',
        `key label ${entry.keyLabel} is not of the ${environment} environment`
      );
    const profile = issuingProfiles.find(
      candidate => verifyIssued(certificate, [], { at, profile: candidate, policy, anchors: [root] }).ok
    );
    if (profile === undefined)
      throw new CaError('ca/configuration', `${name} is no issuing CA under its root by any profile`);
    return { name, profile, certificate, root, keyLabel: entry.keyLabel };
  });
  if (new Set(issuers.map(issuer => issuer.name)).size !== issuers.length)
    throw new CaError('ca/configuration', 'two issuers have one name');
  if (new Set(issuers.map(issuer => issuer.profile)).size !== issuers.length)
    throw new CaError('ca/configuration', 'two issuers have one profile; pools of issuers are not built yet');
  return issuers;
}

const issuingProfiles = Object.values(profiles)
  .filter(profile => profile.kind === 'issuing')
  .map(profile => profile.name);
