import type { Domain } from '../messages/environment.js';
import type { KeyUsageName } from '../x509/index.js';
import { ProfileError } from './errors.js';
import type { FigureNameOf } from './figures.js';
import type { Policy } from './policy.js';

/** The certificate profiles: the closed set of what may be signed. */
export const profileNames = [
  'root-oca',
  'issuing-oca',
  'organisation-ds',
  'organisation-ka',
  'organisation-xml',
  'root-dca',
  'issuing-dca',
  'device-ds',
  'device-ka',
  'root-ica',
  'issuing-ica',
  'iki-client'
] as const;
export type ProfileName = (typeof profileNames)[number];

export type ExtensionName =
  | 'keyUsage'
  | 'basicConstraints'
  | 'certificatePolicies'
  | 'subjectKeyIdentifier'
  | 'authorityKeyIdentifier'
  | 'subjectAltName';

export interface ExtensionColumn {
  readonly extension: ExtensionName;
  readonly critical: boolean;
}

/** Where an attribute's value comes from: fixed by the profile, or a value of the subject. */
export type SubjectSource =
  | { readonly fixed: string }
  | { readonly from: 'commonName' | 'organisation' | 'organisationalUnit'; readonly optional?: true }
  | { readonly from: 'eui' };

export type StringType = 'PrintableString' | 'UTF8String' | 'BIT STRING';

/** One RDN of one attribute; the order of the list is the DER order. */
export interface SubjectColumn {
  readonly attribute: 'C' | 'O' | 'OU' | 'CN' | 'x500UniqueIdentifier';
  readonly type: StringType;
  readonly source: SubjectSource;
  /** What a value must look like beyond its string type. */
  readonly pattern?: RegExp;
}

/**
 * `days`: notBefore at 00:00:00Z of the issue day, notAfter at 23:59:59Z of the day before the anniversary.
 * `days-unlimited`: the same notBefore, notAfter 99991231235959Z. `seconds`: from the second of issue to the
 * second before the anniversary.
 */
export type ValidityStyle = 'days' | 'days-unlimited' | 'seconds';

/** A key algorithm with its size; `RSA-2048` is what IKI uses. */
export type SizedKeyAlgorithm = 'P-256' | `RSA-${number}`;

export interface Profile {
  readonly name: ProfileName;
  readonly domain: Domain;
  readonly kind: 'root' | 'issuing' | 'end-entity';
  /** The profile of the issuer; a root's own name. */
  readonly issuerProfile: ProfileName;
  /** RSA keys have the size of the policy figure `key.iki.bits`. */
  readonly keyAlgorithm: 'P-256' | 'RSA';
  readonly keyUsage: readonly KeyUsageName[];
  /** Every extension a certificate has, in DER order; no other is allowed. */
  readonly extensions: readonly ExtensionColumn[];
  /** pathLenConstraint; undefined where the profile has none. */
  readonly pathLength?: number;
  /** `any`: anyPolicy; `domain`: one of the OIDs of the domain's policy figure, the first when issuing. */
  readonly policies: 'any' | 'domain';
  /** Empty for devices. */
  readonly subject: readonly SubjectColumn[];
  readonly validity: ValidityStyle;
  /** undefined exactly where the validity is unlimited. */
  readonly lifetime?: FigureNameOf<number> & `lifetime.${string}`;
  /** Whether the certificate is lodged in the repository. */
  readonly published: boolean;
  /** The repository's usage of an end entity certificate. */
  readonly usage?: 'DS' | 'KA';
  /** Organisation roles (decimal) that have this profile; undefined where the role is not of the subject. */
  readonly roles?: 'device-facing' | 'xml-signing';
}

/** GBCS 12, RFC 5759: criticality as in every genuine certificate; the order is that of CA output. */
const caExtensions: readonly ExtensionColumn[] = [
  { extension: 'keyUsage', critical: true },
  { extension: 'basicConstraints', critical: true },
  { extension: 'certificatePolicies', critical: true },
  { extension: 'subjectKeyIdentifier', critical: false },
  { extension: 'authorityKeyIdentifier', critical: false }
];
/** RFC 5280 4.2.1.1: only a self-signed certificate may leave the authority key identifier out. */
const rootExtensions = caExtensions.filter(column => column.extension !== 'authorityKeyIdentifier');
const organisationExtensions: readonly ExtensionColumn[] = [
  { extension: 'keyUsage', critical: true },
  { extension: 'subjectKeyIdentifier', critical: false },
  { extension: 'certificatePolicies', critical: true },
  { extension: 'authorityKeyIdentifier', critical: false }
];
const deviceExtensions: readonly ExtensionColumn[] = [
  { extension: 'keyUsage', critical: true },
  { extension: 'subjectKeyIdentifier', critical: false },
  { extension: 'subjectAltName', critical: true },
  { extension: 'certificatePolicies', critical: true },
  { extension: 'authorityKeyIdentifier', critical: false }
];

/** "A globally unique name of up to 4 octets"; an Issuing DCA has four hexadecimal digits, a running number. */
const shortName = /^[0-9A-Za-z]{1,4}$/;
const runningNumber = /^[0-9A-F]{4}$/;
/** RFC 5280 appendix A: ub-common-name and its kin are 64 characters. */
const name64 = /^[^\p{C}]{1,64}$/u;
const roleCode = /^[0-9A-F]{2}$/;

const ocaSubject = (role: string): readonly SubjectColumn[] => [
  { attribute: 'OU', type: 'PrintableString', source: { fixed: role } },
  { attribute: 'CN', type: 'PrintableString', source: { from: 'commonName' }, pattern: shortName }
];
const organisationSubject: readonly SubjectColumn[] = [
  { attribute: 'CN', type: 'UTF8String', source: { from: 'commonName', optional: true }, pattern: name64 },
  { attribute: 'OU', type: 'UTF8String', source: { from: 'organisationalUnit' }, pattern: roleCode },
  { attribute: 'x500UniqueIdentifier', type: 'BIT STRING', source: { from: 'eui' } }
];

const ca = { keyUsage: ['keyCertSign', 'cRLSign'], published: true } as const;
const root = { ...ca, kind: 'root', extensions: rootExtensions, policies: 'any' } as const;
const issuing = {
  ...ca,
  kind: 'issuing',
  extensions: caExtensions,
  policies: 'domain',
  pathLength: 0
} as const;
const organisation = {
  domain: 'smki-organisation',
  kind: 'end-entity',
  issuerProfile: 'issuing-oca',
  keyAlgorithm: 'P-256',
  extensions: organisationExtensions,
  policies: 'domain',
  subject: organisationSubject,
  validity: 'days',
  lifetime: 'lifetime.organisation',
  published: true
} as const;
const device = {
  domain: 'smki-device',
  kind: 'end-entity',
  issuerProfile: 'issuing-dca',
  keyAlgorithm: 'P-256',
  extensions: deviceExtensions,
  policies: 'domain',
  subject: [],
  validity: 'days-unlimited',
  published: true
} as const;

const rows: readonly Profile[] = [
  {
    ...root,
    name: 'root-oca',
    domain: 'smki-organisation',
    issuerProfile: 'root-oca',
    keyAlgorithm: 'P-256',
    subject: ocaSubject('00'),
    validity: 'days',
    lifetime: 'lifetime.root-oca'
  },
  {
    ...issuing,
    name: 'issuing-oca',
    domain: 'smki-organisation',
    issuerProfile: 'root-oca',
    keyAlgorithm: 'P-256',
    subject: ocaSubject('07'),
    validity: 'days',
    lifetime: 'lifetime.issuing-oca'
  },
  {
    ...organisation,
    name: 'organisation-ds',
    keyUsage: ['digitalSignature'],
    usage: 'DS',
    roles: 'device-facing'
  },
  {
    ...organisation,
    name: 'organisation-ka',
    keyUsage: ['keyAgreement'],
    usage: 'KA',
    roles: 'device-facing'
  },
  {
    ...organisation,
    name: 'organisation-xml',
    keyUsage: ['digitalSignature'],
    usage: 'DS',
    roles: 'xml-signing'
  },
  {
    ...root,
    name: 'root-dca',
    domain: 'smki-device',
    issuerProfile: 'root-dca',
    keyAlgorithm: 'P-256',
    subject: [
      { attribute: 'CN', type: 'PrintableString', source: { from: 'commonName' }, pattern: shortName }
    ],
    validity: 'days',
    lifetime: 'lifetime.root-dca'
  },
  {
    ...issuing,
    name: 'issuing-dca',
    domain: 'smki-device',
    issuerProfile: 'root-dca',
    keyAlgorithm: 'P-256',
    subject: [
      { attribute: 'CN', type: 'PrintableString', source: { from: 'commonName' }, pattern: runningNumber }
    ],
    validity: 'days',
    lifetime: 'lifetime.issuing-dca'
  },
  { ...device, name: 'device-ds', keyUsage: ['digitalSignature'], usage: 'DS' },
  { ...device, name: 'device-ka', keyUsage: ['keyAgreement'], usage: 'KA' },
  {
    ...root,
    name: 'root-ica',
    domain: 'iki',
    issuerProfile: 'root-ica',
    keyAlgorithm: 'RSA',
    subject: [
      { attribute: 'C', type: 'PrintableString', source: { fixed: 'GB' } },
      { attribute: 'O', type: 'PrintableString', source: { from: 'organisation' }, pattern: name64 },
      { attribute: 'OU', type: 'PrintableString', source: { fixed: 'IKI' } },
      { attribute: 'CN', type: 'PrintableString', source: { from: 'commonName' }, pattern: name64 }
    ],
    validity: 'days',
    lifetime: 'lifetime.root-ica'
  },
  {
    ...issuing,
    name: 'issuing-ica',
    domain: 'iki',
    issuerProfile: 'root-ica',
    keyAlgorithm: 'RSA',
    subject: [{ attribute: 'CN', type: 'PrintableString', source: { from: 'commonName' }, pattern: name64 }],
    validity: 'days',
    lifetime: 'lifetime.issuing-ica'
  },
  {
    name: 'iki-client',
    domain: 'iki',
    kind: 'end-entity',
    issuerProfile: 'issuing-ica',
    keyAlgorithm: 'RSA',
    keyUsage: ['digitalSignature'],
    extensions: organisationExtensions,
    policies: 'domain',
    subject: [
      { attribute: 'O', type: 'UTF8String', source: { from: 'organisation' }, pattern: name64 },
      { attribute: 'OU', type: 'UTF8String', source: { from: 'organisationalUnit' }, pattern: roleCode },
      { attribute: 'CN', type: 'UTF8String', source: { from: 'commonName' }, pattern: name64 }
    ],
    validity: 'seconds',
    lifetime: 'lifetime.iki-client',
    published: false,
    usage: 'DS'
  }
];

/** The profile table. Everyone else is handed a row. */
export const profiles = Object.freeze(
  Object.fromEntries(rows.map(row => [row.name, Object.freeze(row)]))
) as Readonly<Record<ProfileName, Profile>>;

/** The row of a name that came from outside (an order, a command line); `profile/unknown` otherwise. */
export function profileByName(name: string): Profile {
  const profile = Object.hasOwn(profiles, name) ? profiles[name as ProfileName] : undefined;
  if (!profile) throw new ProfileError('profile/unknown', name, 'no such certificate profile');
  return profile;
}

/** The key algorithm and size that a subject of this profile must have. */
export function keyAlgorithmOf(profile: Profile, policy: Policy): SizedKeyAlgorithm {
  return profile.keyAlgorithm === 'P-256' ? 'P-256' : `RSA-${policy.figures['key.iki.bits'].value}`;
}
