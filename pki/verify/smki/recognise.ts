import { sameOctets } from '../../der/octets.js';
import { IdentifierError, roleByOu } from '../../identifier/index.js';
import { profileNames, profiles, subjectFaults, type Profile } from '../../profile/index.js';
import { attributeOf, oids, type Certificate } from '../../x509/index.js';

type Trait = (profile: Profile, certificate: Certificate) => boolean;

const rowsOf: Readonly<Record<Profile['kind'], readonly Profile[]>> = {
  root: rowsOfKind('root'),
  issuing: rowsOfKind('issuing'),
  'end-entity': rowsOfKind('end-entity')
};

function rowsOfKind(kind: Profile['kind']): readonly Profile[] {
  return profileNames.map(name => profiles[name]).filter(profile => profile.kind === kind);
}

/** What tells profiles of one kind apart, the plainest first; one more, the dearest, is told of those that are left. */
const traits: readonly Trait[] = [
  (profile, { subject }) => (profile.subject.length === 0) === (subject.rdns.length === 0),
  (profile, { publicKey }) => profile.keyAlgorithm === publicKey.algorithm,
  (profile, { keyUsage = [] }) =>
    profile.keyUsage.length === keyUsage.length && profile.keyUsage.every(usage => keyUsage.includes(usage)),
  (profile, certificate) => profile.roles === undefined || profile.roles === rolesOf(certificate)
];
const hasSubject: Trait = (profile, { subject }) =>
  subjectFaults(subject, profile).every(({ style }) => style);

/**
 * The profile that a certificate comes nearest to. It need not be of it: that is judged next, and where it is not
 * the fault is told of the profile it was most likely meant to have.
 */
export function nearestProfile(certificate: Certificate): Profile {
  let rows = rowsOf[kindOf(certificate)];
  // Nearly always one row has all of them: going by one trait after the other would end with it.
  const only = onlyFitting(rows, certificate);
  if (only !== undefined) return only;
  for (const trait of [...traits, hasSubject]) {
    if (rows.length === 1) break;
    const fitting = rows.filter(row => trait(row, certificate));
    if (fitting.length > 0) rows = fitting;
  }
  return rows[0] as Profile;
}

/** The row that alone has all traits; undefined where there are several or none. */
function onlyFitting(rows: readonly Profile[], certificate: Certificate): Profile | undefined {
  let only: Profile | undefined;
  for (const row of rows) {
    if (!hasTraits(row, certificate)) continue;
    if (only !== undefined) return undefined;
    only = row;
  }
  return only;
}

function hasTraits(row: Profile, certificate: Certificate): boolean {
  for (const trait of traits) if (!trait(row, certificate)) return false;
  return true;
}

function kindOf({ basicConstraints, subject, issuer }: Certificate): Profile['kind'] {
  if (basicConstraints?.ca !== true) return 'end-entity';
  return sameOctets(subject.der, issuer.der) ? 'root' : 'issuing';
}

function rolesOf({ subject }: Certificate): Profile['roles'] {
  try {
    const { usage } = roleByOu(attributeOf(subject, oids.organizationalUnitName)?.text ?? '');
    return usage === 'digitalSignature' ? 'xml-signing' : 'device-facing';
  } catch (error) {
    if (error instanceof IdentifierError) return undefined;
    throw error;
  }
}
