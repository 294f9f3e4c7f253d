/**
 * Every extension of RFC 5280 as octets, right unless told otherwise. Criticality is the last argument everywhere,
 * its default what the standard demands.
 */
import {
  boolean,
  contextOctets,
  contextTagged,
  enumerated,
  integer,
  namedBits,
  octetString,
  oid,
  sequence,
  tlv
} from '../../../pki/der/index.js';
import { keyUsageNames, type KeyUsageName } from '../../../pki/x509/index.js';
import { generalName, nameOf, type NameInput } from './names.js';

export const extensionOids = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  issuerAltName: '2.5.29.18',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  reasonCode: '2.5.29.21',
  invalidityDate: '2.5.29.24',
  deltaCrlIndicator: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
  certificateIssuer: '2.5.29.29',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  policyMappings: '2.5.29.33',
  authorityKeyIdentifier: '2.5.29.35',
  policyConstraints: '2.5.29.36',
  extendedKeyUsage: '2.5.29.37',
  freshestCrl: '2.5.29.46',
  inhibitAnyPolicy: '2.5.29.54',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
  ocspNoCheck: '1.3.6.1.5.5.7.48.1.5',
  ocspNonce: '1.3.6.1.5.5.7.48.1.2'
} as const;
export type ExtensionName = keyof typeof extensionOids;

/** Any extension: by name or dotted OID, with any value. */
export function extension(
  name: ExtensionName | `${number}.${string}`,
  value: Uint8Array,
  critical = false
): Uint8Array {
  const identifier = (extensionOids as Readonly<Record<string, string>>)[name] ?? name;
  return sequence(oid(identifier), ...(critical ? [boolean(true)] : []), octetString(value));
}

/** An extension nobody knows. */
export function unknownExtension(critical: boolean): Uint8Array {
  return extension('1.3.6.1.4.1.55555.1.1', tlv(0x05), critical);
}

export interface Subtrees {
  readonly permitted?: readonly Uint8Array[];
  readonly excluded?: readonly Uint8Array[];
}

export interface DistributionPointInput {
  /** fullName: GeneralNames. */
  readonly fullName?: readonly Uint8Array[];
  /** nameRelativeToCRLIssuer: one RDN's attributes as a name of one RDN. */
  readonly relativeName?: NameInput;
  /** ReasonFlags bits, RFC 5280 4.2.1.13. */
  readonly reasons?: readonly number[];
  /** Directory names. */
  readonly crlIssuer?: readonly NameInput[];
}

export interface ScopeInput {
  readonly fullName?: readonly Uint8Array[];
  readonly relativeName?: NameInput;
  readonly onlyUserCerts?: boolean;
  readonly onlyCaCerts?: boolean;
  readonly reasons?: readonly number[];
  readonly indirect?: boolean;
  readonly onlyAttributeCerts?: boolean;
}

export const ext = {
  basicConstraints: (ca: boolean, pathLength?: number, critical = true) =>
    extension(
      'basicConstraints',
      sequence(...(ca ? [boolean(true)] : []), ...(pathLength === undefined ? [] : [integer(pathLength)])),
      critical
    ),

  keyUsage: (usages: readonly KeyUsageName[], critical = true) =>
    extension('keyUsage', namedBits(usages.map(usage => keyUsageNames.indexOf(usage))), critical),

  subjectKeyIdentifier: (identifier: Uint8Array, critical = false) =>
    extension('subjectKeyIdentifier', octetString(identifier), critical),

  authorityKeyIdentifier: (
    identifier: Uint8Array | undefined,
    issuer?: { readonly name: NameInput; readonly serial: Uint8Array },
    critical = false
  ) =>
    extension(
      'authorityKeyIdentifier',
      sequence(
        ...(identifier === undefined ? [] : [contextOctets(0, identifier)]),
        ...(issuer === undefined
          ? []
          : [contextTagged(1, generalName.directory(issuer.name)), contextOctets(2, issuer.serial)])
      ),
      critical
    ),

  subjectAltName: (names: readonly Uint8Array[], critical = false) =>
    extension('subjectAltName', sequence(...names), critical),

  issuerAltName: (names: readonly Uint8Array[], critical = false) =>
    extension('issuerAltName', sequence(...names), critical),

  certificatePolicies: (policies: readonly string[], critical = false) =>
    extension('certificatePolicies', sequence(...policies.map(policy => sequence(oid(policy)))), critical),

  policyMappings: (pairs: readonly (readonly [issuer: string, subject: string])[], critical = true) =>
    extension('policyMappings', sequence(...pairs.map(pair => sequence(...pair.map(oid)))), critical),

  policyConstraints: (
    { requireExplicit, inhibitMapping }: { requireExplicit?: number; inhibitMapping?: number },
    critical = true
  ) =>
    extension(
      'policyConstraints',
      sequence(
        ...(requireExplicit === undefined ? [] : [contextOctets(0, integer(requireExplicit).subarray(2))]),
        ...(inhibitMapping === undefined ? [] : [contextOctets(1, integer(inhibitMapping).subarray(2))])
      ),
      critical
    ),

  inhibitAnyPolicy: (skip: number, critical = true) => extension('inhibitAnyPolicy', integer(skip), critical),

  nameConstraints: (subtrees: Subtrees, critical = true) =>
    extension('nameConstraints', nameConstraintsValue(subtrees), critical),

  extendedKeyUsage: (purposes: readonly string[], critical = false) =>
    extension('extendedKeyUsage', sequence(...purposes.map(oid)), critical),

  crlDistributionPoints: (points: readonly DistributionPointInput[], critical = false) =>
    extension('crlDistributionPoints', sequence(...points.map(distributionPoint)), critical),

  freshestCrl: (points: readonly DistributionPointInput[], critical = false) =>
    extension('freshestCrl', sequence(...points.map(distributionPoint)), critical),

  crlNumber: (number: number | bigint, critical = false) => extension('crlNumber', integer(number), critical),

  deltaCrlIndicator: (base: number | bigint, critical = true) =>
    extension('deltaCrlIndicator', integer(base), critical),

  issuingDistributionPoint: (scope: ScopeInput, critical = true) =>
    extension(
      'issuingDistributionPoint',
      sequence(
        ...pointName(scope),
        ...(scope.onlyUserCerts === true ? [contextOctets(1, Uint8Array.of(0xff))] : []),
        ...(scope.onlyCaCerts === true ? [contextOctets(2, Uint8Array.of(0xff))] : []),
        ...(scope.reasons === undefined ? [] : [contextOctets(3, reasonFlags(scope.reasons))]),
        ...(scope.indirect === true ? [contextOctets(4, Uint8Array.of(0xff))] : []),
        ...(scope.onlyAttributeCerts === true ? [contextOctets(5, Uint8Array.of(0xff))] : [])
      ),
      critical
    ),

  reasonCode: (reason: number, critical = false) => extension('reasonCode', enumerated(reason), critical),

  invalidityDate: (moment: Date, critical = false) =>
    extension('invalidityDate', generalizedTime(moment), critical),

  certificateIssuer: (names: readonly NameInput[], critical = true) =>
    extension('certificateIssuer', sequence(...names.map(name => generalName.directory(name))), critical),

  ocspNoCheck: (critical = false) => extension('ocspNoCheck', tlv(0x05), critical)
} as const;

/** DER NameConstraints; bases are GeneralNames. */
export function nameConstraintsValue({ permitted, excluded }: Subtrees): Uint8Array {
  const subtrees = (bases: readonly Uint8Array[]) => bases.map(base => sequence(base));
  return sequence(
    ...(permitted === undefined ? [] : [contextTagged(0, ...subtrees(permitted))]),
    ...(excluded === undefined ? [] : [contextTagged(1, ...subtrees(excluded))])
  );
}

/** GeneralizedTime whatever the year: dates outside certificates have no UTCTime form. */
export function generalizedTime(moment: Date): Uint8Array {
  const text = moment.toISOString().slice(0, 19).replace(/[-T:]/g, '');
  return tlv(0x18, Buffer.from(`${text}Z`, 'latin1'));
}

/** Either form of time, whatever RFC 5280 4.1.2.5 says of the year. */
export function timeAs(form: 'utc' | 'generalized', moment: Date): Uint8Array {
  const whole = generalizedTime(moment);
  // After tag and length, UTCTime leaves the century out.
  return form === 'generalized' ? whole : tlv(0x17, whole.subarray(4));
}

function reasonFlags(bits: readonly number[]): Uint8Array {
  return namedBits(bits).subarray(2);
}

function pointName({ fullName, relativeName }: DistributionPointInput): Uint8Array[] {
  if (fullName !== undefined) return [contextTagged(0, contextTagged(0, ...fullName))];
  if (relativeName === undefined) return [];
  // A name of one RDN is SEQUENCE { SET { … } }: the SET's content under the IMPLICIT tag 1.
  const name = nameOf(relativeName);
  return [contextTagged(0, contextTagged(1, name.subarray(4)))];
}

function distributionPoint(point: DistributionPointInput): Uint8Array {
  return sequence(
    ...pointName(point),
    ...(point.reasons === undefined ? [] : [contextOctets(1, reasonFlags(point.reasons))]),
    ...(point.crlIssuer === undefined
      ? []
      : [contextTagged(2, ...point.crlIssuer.map(name => generalName.directory(name)))])
  );
}
