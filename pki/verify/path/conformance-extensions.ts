import type { PathCertificate } from './certificate.js';
import type { ConformanceRule } from './conformance.js';
import { extensionOids as ids } from './extensions.js';
import { isDnsName, hasSubtreeForm } from './name-forms.js';
import type { PathCode } from './failure.js';

const isCa = ({ basicConstraints }: PathCertificate) => basicConstraints?.ca === true;
const criticality = (certificate: PathCertificate, oid: string): boolean | undefined =>
  certificate.extensions.find(extension => extension.oid === oid)?.critical;

/** An extension that may stand only in one criticality. */
function marked(
  oid: string,
  name: string,
  critical: boolean,
  code: PathCode,
  clause: string
): ConformanceRule {
  return {
    code,
    clause,
    rule: `${name} is ${critical ? '' : 'not '}critical`,
    keeps: certificate => criticality(certificate, oid) !== !critical
  };
}

/** An extension that only a CA may have. */
function onlyInCas(oid: string, name: string, code: PathCode, clause: string): ConformanceRule {
  return {
    code,
    clause,
    rule: `${name} stands only in the certificate of a CA`,
    keeps: certificate => criticality(certificate, oid) === undefined || isCa(certificate)
  };
}

/** Critical extensions whose meaning is processed. Those that must not be critical are not among them. */
const understood: ReadonlySet<string> = new Set([
  ids.keyUsage,
  ids.subjectAltName,
  ids.basicConstraints,
  ids.nameConstraints,
  ids.certificatePolicies,
  ids.policyMappings,
  ids.policyConstraints,
  ids.inhibitAnyPolicy,
  ids.extendedKeyUsage,
  ids.crlDistributionPoints
]);

/** Rules about extensions (RFC 5280 4.2). */
export const extensionRules: readonly ConformanceRule[] = [
  {
    code: 'path/basic-constraints',
    clause: '4.2.1.9',
    rule: 'basicConstraints of a CA is critical',
    keeps: certificate => !isCa(certificate) || criticality(certificate, ids.basicConstraints) === true
  },
  {
    code: 'path/basic-constraints',
    clause: '4.2.1.9',
    rule: 'keyCertSign goes with cA',
    keeps: certificate => certificate.keyUsage?.includes('keyCertSign') !== true || isCa(certificate)
  },
  {
    code: 'path/key-usage-form',
    clause: '4.2.1.3',
    rule: 'a CA has keyUsage with keyCertSign',
    keeps: certificate => !isCa(certificate) || certificate.keyUsage?.includes('keyCertSign') === true
  },
  {
    code: 'path/basic-constraints',
    clause: '4.2.1.9',
    rule: 'pathLenConstraint stands only with cA',
    keeps: certificate => certificate.basicConstraints?.pathLength === undefined || isCa(certificate)
  },
  {
    code: 'path/subject-key-identifier',
    clause: '4.2.1.2',
    rule: 'a CA has a subjectKeyIdentifier',
    keeps: certificate => !isCa(certificate) || certificate.subjectKeyIdentifier !== undefined
  },
  marked(ids.subjectKeyIdentifier, 'subjectKeyIdentifier', false, 'path/subject-key-identifier', '4.2.1.2'),
  marked(
    ids.authorityKeyIdentifier,
    'authorityKeyIdentifier',
    false,
    'path/authority-key-identifier',
    '4.2.1.1'
  ),
  {
    code: 'path/authority-key-identifier',
    clause: '4.2.1.1',
    rule: 'authorityKeyIdentifier with a keyIdentifier stands in every certificate that is not self-signed',
    keeps: ({ authorityKeyIdentifier }, isSelfSigned) =>
      authorityKeyIdentifier?.keyIdentifier !== undefined || isSelfSigned()
  },
  {
    code: 'path/authority-key-identifier',
    clause: '4.2.1.1',
    rule: 'authorityCertIssuer and authorityCertSerialNumber stand together',
    keeps: ({ authorityKeyIdentifier: aki }) => (aki?.issuer === undefined) === (aki?.serial === undefined)
  },
  marked(ids.nameConstraints, 'nameConstraints', true, 'path/name-constraints-form', '4.2.1.10'),
  onlyInCas(ids.nameConstraints, 'nameConstraints', 'path/name-constraints-form', '4.2.1.10'),
  marked(ids.policyConstraints, 'policyConstraints', true, 'path/policy-constraints', '4.2.1.11'),
  onlyInCas(ids.policyConstraints, 'policyConstraints', 'path/policy-constraints', '4.2.1.11'),
  marked(ids.inhibitAnyPolicy, 'inhibitAnyPolicy', true, 'path/inhibit-any-policy', '4.2.1.14'),
  onlyInCas(ids.inhibitAnyPolicy, 'inhibitAnyPolicy', 'path/inhibit-any-policy', '4.2.1.14'),
  onlyInCas(ids.policyMappings, 'policyMappings', 'path/policy-mappings', '4.2.1.5'),
  {
    code: 'path/policy-mappings',
    clause: '4.2.1.5',
    rule: 'no policy is mapped to or from anyPolicy',
    keeps: ({ policyMappings = [] }) =>
      policyMappings.every(
        ({ issuerDomainPolicy, subjectDomainPolicy }) =>
          issuerDomainPolicy !== ids.anyPolicy && subjectDomainPolicy !== ids.anyPolicy
      )
  },
  {
    code: 'path/certificate-policies',
    clause: '4.2.1.4',
    rule: 'no policy stands twice',
    keeps: ({ policies = [] }) => new Set(policies).size === policies.length
  },
  marked(ids.freshestCrl, 'freshestCRL', false, 'path/freshest-crl', '4.2.1.15'),
  {
    code: 'path/subject-alt-name',
    clause: '4.2.1.6',
    rule: 'dNSNames of subjectAltName are DNS names, and no other name is empty',
    keeps: ({ subjectAltNames = [] }) =>
      subjectAltNames.every(name =>
        name.kind === 'dNSName' ? isDnsName(name.text, 'wildcard') : !('text' in name) || name.text !== ''
      )
  },
  {
    code: 'path/name-constraints-form',
    clause: '4.2.1.10',
    rule: 'subtrees are of the forms the standard has',
    keeps: ({ nameConstraints }) =>
      nameConstraints === undefined ||
      [...nameConstraints.permitted, ...nameConstraints.excluded].every(hasSubtreeForm)
  },
  {
    code: 'path/critical-extension',
    clause: '4.2',
    rule: 'every critical extension is understood',
    keeps: ({ extensions }) => extensions.every(({ oid, critical }) => !critical || understood.has(oid))
  }
];
