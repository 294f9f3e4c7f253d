import { DerError } from '../../pki/der/index.js';
import {
  IdentifierError,
  eui64FromOctets,
  formatEui64,
  roleByOu,
  type Eui64
} from '../../pki/identifier/index.js';
import { certificateSubject, type WrittenTime } from '../../pki/lint/subject.js';
import { guessProfile, lintCertificate, type Finding } from '../../pki/lint/index.js';
import type { Environment } from '../../pki/messages/index.js';
import { defaultPolicy, type ProfileName } from '../../pki/profile/index.js';
import {
  RequestRefused,
  checkRequestAndPossession,
  requestPolicy,
  type RequestKind
} from '../../pki/request/index.js';
import {
  X509Error,
  attributeOf,
  decodeExtension,
  formatName,
  oids,
  parsePublicKey,
  parseRequestStructure,
  requestedExtensions,
  subjectOf,
  type Certificate,
  type Extension,
  type HardwareModuleName,
  type Name
} from '../../pki/x509/index.js';

/** What `smki certificate show` says of a certificate. */
export interface CertificateDescription {
  readonly kind: 'certificate';
  readonly profile: ProfileName | null;
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly role: RoleDescription | null;
  readonly eui: string | null;
  readonly hwType: string | null;
  readonly key: string;
  readonly keyUsage: readonly string[];
  readonly policies: readonly string[];
  readonly subjectKeyIdentifier: string | null;
  readonly authorityKeyIdentifier: string | null;
  readonly octets: number;
  /** Null where no profile was recognised, so that there is nothing to judge by. */
  readonly findings: readonly Finding[] | null;
}

/** What it says of a request. */
export interface RequestDescription {
  readonly kind: 'request';
  readonly requestKind: RequestKind;
  readonly profile: string | null;
  readonly subject: string;
  readonly role: RoleDescription | null;
  readonly eui: string | null;
  readonly hwType: string | null;
  readonly key: string;
  readonly keyUsage: readonly string[];
  readonly octets: number;
  /** The refusal an RA would answer, or null. */
  readonly refusal: { readonly rule: string; readonly code: string; readonly detail: string } | null;
}

export type Description = CertificateDescription | RequestDescription;

export interface RoleDescription {
  readonly ou: string;
  readonly name: string;
}

/** `issuer` is what the lints compare with; undefined where it is not at hand. */
export function describeCertificate(
  certificate: Certificate,
  environment: Environment,
  issuer: Certificate | 'self' | undefined
): CertificateDescription {
  const profile = guessProfile(certificate);
  const { hardwareModuleName } = certificate;
  return {
    kind: 'certificate',
    profile: profile ?? null,
    subject: formatName(certificate.subject),
    issuer: formatName(certificate.issuer),
    serial: certificate.serialHex,
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    role: roleOf(certificate.subject),
    eui: euiOf(certificate.subject, hardwareModuleName),
    hwType: hardwareModuleName?.hwType ?? null,
    key: `${certificate.publicKey.algorithm}, ${certificate.publicKey.bits} bits`,
    keyUsage: certificate.keyUsage ?? [],
    policies: (certificate.policies ?? []).map(policy => policy.oid),
    subjectKeyIdentifier: hex(certificate.subjectKeyIdentifier),
    authorityKeyIdentifier: hex(certificate.authorityKeyIdentifier?.keyIdentifier),
    octets: certificate.der.length,
    findings:
      profile === undefined
        ? null
        : lintCertificate(certificate.der, {
            profile,
            policy: defaultPolicy(environment),
            issuer,
            at: undefined
          })
  };
}

/**
 * The same of a certificate with a key or an extension that no profile of these infrastructures has: what its outline
 * says, and no findings, since there is nothing to judge it by. Throws `DerError` or `X509Error` where it has no such
 * outline.
 */
export function describeForeignCertificate(der: Uint8Array): CertificateDescription {
  const outline = certificateSubject(der);
  const { publicKey } = outline;
  const { keyUsage } = outline.states;
  const time = (written: WrittenTime): string => written.moment?.toISOString() ?? 'not a time';
  return {
    kind: 'certificate',
    profile: null,
    subject: formatName(outline.subject),
    issuer: formatName(outline.issuer),
    serial: Buffer.from(outline.serial).toString('hex').toUpperCase(),
    notBefore: time(outline.notBefore),
    notAfter: time(outline.notAfter),
    role: roleOf(outline.subject),
    eui: euiOf(outline.subject, undefined),
    hwType: null,
    key:
      publicKey === undefined
        ? 'of no algorithm in use here'
        : `${publicKey.algorithm}, ${publicKey.bits} bits`,
    keyUsage: keyUsage.state === 'there' ? keyUsage.value : [],
    policies: [],
    subjectKeyIdentifier: null,
    authorityKeyIdentifier: null,
    octets: der.length,
    findings: null
  };
}

export async function describeRequest(
  der: Uint8Array,
  environment: Environment
): Promise<RequestDescription> {
  // Devices send long-form lengths where short ones would do (GBCS); the checks of the RA take them too.
  // What cannot be read is left out here: the refusal says what is wrong with it.
  const structure = parseRequestStructure(der, { lengths: 'long-form-allowed' });
  const subject = quietly(() => subjectOf(structure));
  const publicKey = quietly(() => parsePublicKey(structure.spkiDer, structure.lengths));
  const extensions = structure.attributes
    .filter(attribute => attribute.type === oids.extensionRequest)
    .flatMap(({ values }) => values)
    .flatMap(value => quietly(() => requestedExtensions(value, structure.lengths)) ?? []);
  const requestKind = requestKindOf(subject);
  const hardwareModule = hardwareModuleOf(extensions);
  const keyUsage = extensions.find(extension => extension.oid === oids.keyUsage);
  const usages = keyUsage && quietly(() => decodeExtension.keyUsage(keyUsage.value, structure.lengths));
  const checked = await check(der, requestKind, environment);
  return {
    kind: 'request',
    requestKind,
    profile: checked.profile,
    subject: subject === undefined ? 'not a name' : formatName(subject),
    role: subject === undefined ? null : roleOf(subject),
    eui: euiOf(subject, hardwareModule),
    hwType: hardwareModule?.hwType ?? null,
    key: publicKey === undefined ? 'not a key of ours' : `${publicKey.algorithm}, ${publicKey.bits} bits`,
    keyUsage: usages ?? [],
    octets: der.length,
    refusal: checked.refusal
  };
}

/** The checks of the RA that need nothing but the request, proof of possession with them. */
async function check(
  der: Uint8Array,
  kind: RequestKind,
  environment: Environment
): Promise<Pick<RequestDescription, 'profile' | 'refusal'>> {
  try {
    const facts = await checkRequestAndPossession(
      der,
      kind,
      requestPolicy(defaultPolicy(environment), new Set())
    );
    return { profile: facts.profile, refusal: null };
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    const { rule, code, detail } = error;
    return { profile: null, refusal: { rule, code, detail } };
  }
}

function requestKindOf(subject: Name | undefined): RequestKind {
  if (subject === undefined || subject.rdns.length === 0) return 'device';
  return attributeOf(subject, oids.uniqueIdentifier) === undefined ? 'iki-client' : 'organisation';
}

function hardwareModuleOf(extensions: readonly Extension[]): HardwareModuleName | undefined {
  const extension = extensions.find(({ oid }) => oid === oids.subjectAltName);
  if (extension === undefined) return undefined;
  const names = quietly(() => decodeExtension.subjectAltName(extension.value, 'long-form-allowed'));
  const [name, ...others] = names ?? [];
  return name?.kind === 'hardware-module' && others.length === 0 ? name.name : undefined;
}

function roleOf(subject: Name): RoleDescription | null {
  const ou = attributeOf(subject, oids.organizationalUnitName)?.text;
  if (ou === undefined) return null;
  return quietly(() => ({ ou, name: roleByOu(ou).name })) ?? { ou, name: 'not a Remote Party Role' };
}

function euiOf(subject: Name | undefined, hardwareModule: HardwareModuleName | undefined): string | null {
  const named = subject && attributeOf(subject, oids.uniqueIdentifier)?.bits?.octets;
  const octets = hardwareModule?.serialNumber ?? named;
  if (octets === undefined) return null;
  const eui = quietly<Eui64>(() => eui64FromOctets(octets));
  return eui === undefined ? `not an EUI-64: ${hex(octets)}` : formatEui64(eui);
}

/** Undefined where something is not what it should be: here it is to be shown, not to be believed. */
function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof IdentifierError || error instanceof DerError || error instanceof X509Error)
      return undefined;
    throw error;
  }
}

function hex(octets: Uint8Array | undefined): string | null {
  return octets === undefined ? null : Buffer.from(octets).toString('hex').toUpperCase();
}
