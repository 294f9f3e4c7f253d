import type { Name } from '../../x509/index.js';
import type { Budget } from './budget.js';
import type { PathCertificate } from './certificate.js';
import type { NameConstraints } from './extensions.js';
import { fault, type Fault } from './failure.js';
import type { GeneralName } from './general-name.js';
import { isEmptyName } from './name.js';
import { isDnsName } from './name-forms.js';
import { compareWithSubtree, kindUnder, type Placement } from './subtree.js';

const emailAddress = '1.2.840.113549.1.9.1';
const commonName = '2.5.4.3';

/**
 * The first name of a certificate that lies outside what the authorities above permit (RFC 5280 6.1.3 b, c), or of
 * which that cannot be told. Every set of constraints holds on its own: a permitted subtree of one CA does not widen
 * that of another.
 *
 * @param isTarget names in the common name, read as DNS names by old software, count in an end entity
 */
export function nameConstraintFault(
  certificate: PathCertificate,
  sets: readonly NameConstraints[],
  isTarget: boolean,
  budget: Budget
): Fault | undefined {
  if (sets.length === 0) return undefined;
  for (const name of constrainedNames(certificate, isTarget)) {
    for (const set of sets) {
      const found = faultUnder(name, set, budget);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function faultUnder(
  name: GeneralName,
  { permitted, excluded }: NameConstraints,
  budget: Budget
): Fault | undefined {
  const kind = name.kind;
  const told = (why: string) =>
    fault('path/name-constraints', why, { form: kind, clause: 'RFC 5280 4.2.1.10' });
  const placements = (bases: readonly GeneralName[], list: 'permitted' | 'excluded'): Placement[] => {
    const own = bases.filter(base => kindUnder(name, base));
    budget.spend('nameComparisons', own.length);
    return own.map(base => compareWithSubtree(name, base, list));
  };
  const out = placements(excluded, 'excluded');
  if (out.includes('unknown'))
    return told('a name that cannot be compared stands under an excluded subtree of its form');
  if (out.includes('inside')) return told('a name lies in an excluded subtree');
  const within = placements(permitted, 'permitted');
  if (within.length > 0 && !within.includes('inside')) return told('a name lies in no permitted subtree');
  return undefined;
}

function* constrainedNames(
  { subject, subjectAltNames = [] }: PathCertificate,
  isTarget: boolean
): Generator<GeneralName> {
  if (!isEmptyName(subject)) yield { kind: 'directoryName', name: subject, der: subject.der };
  yield* subjectAltNames;
  // RFC 5280 4.2.1.10 has addresses in the subject constrained where subjectAltName is missing; they are read anyway.
  for (const { text, der } of attributesOf(subject, emailAddress))
    yield { kind: 'rfc822Name', text: text ?? '', der };
  if (!isTarget || subjectAltNames.some(({ kind }) => kind === 'dNSName')) return;
  // DESIGN: who still takes a host's name from the common name would be sent past the constraint.
  for (const { text = '', der } of attributesOf(subject, commonName))
    if (text.includes('.') && isDnsName(text, 'wildcard')) yield { kind: 'dNSName', text, der };
}

function attributesOf({ rdns }: Name, type: string) {
  return rdns.flat().filter(attribute => attribute.type === type);
}
