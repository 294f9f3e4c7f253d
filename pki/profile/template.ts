import { oid, octetString, sequence, time } from '../der/index.js';
import { keyIdentifier, type Certificate } from '../x509/index.js';
import { ProfileError } from './errors.js';
import { encodeProfileExtension } from './extensions.js';
import { keyBitsOf } from './key.js';
import { policyOids, type Policy } from './policy.js';
import {
  keyAlgorithmOf,
  profiles,
  type SizedKeyAlgorithm,
  type Profile,
  type ProfileName
} from './profiles.js';
import { serialOctets } from './serial.js';
import { signatureAlgorithm } from './signature-algorithm.js';
import { encodeSubject, euiOctets, type SubjectValues } from './subject.js';
import { noExpiry, validityOf, type Validity } from './validity.js';

/** What differs from one certificate of a template to the next. */
export interface TbsInput extends Validity {
  /** 16 octets, the first 01..7F: see `newSerial`. */
  readonly serial: Uint8Array;
  /** DER SubjectPublicKeyInfo, of the profile's algorithm and size. */
  readonly spki: Uint8Array;
  readonly subject: SubjectValues;
}

export interface CertificateTemplate {
  readonly profile: Profile;
  /** The algorithm of the key that will sign: the issuer's. */
  readonly signingAlgorithm: SizedKeyAlgorithm;
  /** The validity of a certificate issued at `at`, by the profile's style and the policy's lifetime. */
  validity(at: Date): Validity;
  /**
   * The DER TBSCertificate. Throws `ProfileError` with a `profile/...` code for a serial, key, subject or
   * validity that the profile does not have.
   */
  tbs(input: TbsInput): Uint8Array;
}

/** hwTypes are chosen by makers: a few hundred exist. Past this many the cache starts afresh. */
const hardwareTypeCacheSize = 1_024;

/** `[0] { 2 }` and the head of a serial number of 16 octets. */
const versionAndSerialHead = Uint8Array.of(0xa0, 0x03, 0x02, 0x01, 0x02, 0x02, serialOctets);

/**
 * Encodes once what all certificates of a profile under one issuer have in common; `tbs` splices the rest in.
 * Library encoders cost some two hundred times as much. `'self'` makes a self-signed root.
 *
 * Throws `policy/no-oid` where the environment has no policy OID for the profile's domain, `profile/issuer` for
 * an issuer that cannot sign this profile.
 */
export function compileTemplate(
  name: ProfileName,
  { issuer, policy }: { readonly issuer: Certificate | 'self'; readonly policy: Policy }
): CertificateTemplate {
  const profile = profiles[name];
  policyOids(policy, profile.domain);
  const issuerKeyId = issuer === 'self' ? undefined : issuerKeyIdentifier(profile, issuer);
  if ((profile.kind === 'root') !== (issuer === 'self'))
    throw new ProfileError('profile/issuer', name, 'roots sign themselves, nothing else does');

  const keyAlgorithm = keyAlgorithmOf(profile, policy);
  const signingAlgorithm = keyAlgorithmOf(profiles[profile.issuerProfile], policy);
  const algorithm = signatureAlgorithm(signingAlgorithm);
  const algorithmAndIssuer = issuer === 'self' ? undefined : concat([algorithm, issuer.subject.der]);
  const extensions = splitExtensions(profile, policy, issuerKeyId);
  const emptySubject = profile.subject.length === 0 ? encodeSubject(profile, {}) : undefined;
  const hardware = new Map<string, Uint8Array>();
  let lastValidity: { notBefore: number; notAfter: number; der: Uint8Array } | undefined;

  function validityDer({ notBefore, notAfter }: Validity): Uint8Array {
    const from = notBefore.getTime();
    const to = notAfter.getTime();
    // A group is issued in one second, nearly always in one day: the last encoding is the next one.
    if (lastValidity?.notBefore === from && lastValidity.notAfter === to) return lastValidity.der;
    checkValidity(profile, from, to);
    lastValidity = { notBefore: from, notAfter: to, der: sequence(time(notBefore), time(notAfter)) };
    return lastValidity.der;
  }

  /** The subjectAltName extension; its last 8 octets are the EUI-64, all before them depends on hwType alone. */
  function subjectAltName({ hwType, eui }: SubjectValues): Uint8Array | undefined {
    if (!extensions.hasSubjectAltName) return undefined;
    if (hwType === undefined) throw new ProfileError('profile/subject', name, 'needs a hwType');
    let model = hardware.get(hwType);
    if (!model) {
      model = encodeSubjectAltName(profile, policy, hwType);
      if (hardware.size >= hardwareTypeCacheSize) hardware.clear();
      hardware.set(hwType, model);
    }
    const extension = Uint8Array.from(model);
    extension.set(euiOctets(profile, eui), extension.length - 8);
    return extension;
  }

  return {
    profile,
    signingAlgorithm,
    validity: at => validityOf(profile, policy, at),
    tbs({ serial, notBefore, notAfter, spki, subject }) {
      const [first = 0] = serial;
      if (serial.length !== serialOctets || first < 0x01 || first > 0x7f)
        throw new ProfileError('profile/serial', name, 'a serial has 16 octets, the first 01..7F');
      const keyBits = keyBitsOf(spki, keyAlgorithm, name);
      const subjectDer = emptySubject ?? encodeSubject(profile, subject);
      return splice([
        versionAndSerialHead,
        serial,
        ...(algorithmAndIssuer ? [algorithmAndIssuer] : [algorithm, subjectDer]),
        validityDer({ notBefore, notAfter }),
        subjectDer,
        spki,
        ...extensions.parts(keyIdentifier(keyBits), subjectAltName(subject))
      ]);
    }
  };
}

/** The issuer's key identifier, for the authority key identifier of what it signs. */
function issuerKeyIdentifier(profile: Profile, issuer: Certificate): Uint8Array {
  const issuerProfile = profiles[profile.issuerProfile];
  const identifier = issuer.subjectKeyIdentifier;
  if (identifier?.length !== 8 || issuer.publicKey.algorithm !== issuerProfile.keyAlgorithm)
    throw new ProfileError(
      'profile/issuer',
      profile.name,
      `the issuer needs a ${issuerProfile.keyAlgorithm} key and an 8-octet key identifier`
    );
  return identifier;
}

function checkValidity(profile: Profile, from: number, to: number): void {
  const unlimited = to === noExpiry.getTime();
  const fits = from % 1000 === 0 && to % 1000 === 0 && from < to;
  if (!fits || unlimited !== (profile.validity === 'days-unlimited'))
    throw new ProfileError('profile/validity', profile.name, 'not a validity of this profile');
}

function encodeSubjectAltName(profile: Profile, policy: Policy, hwType: string): Uint8Array {
  const column = profile.extensions.find(({ extension }) => extension === 'subjectAltName');
  if (!column) throw new ProfileError('profile/subject', profile.name, 'has no subjectAltName');
  let hardwareModule: Uint8Array;
  try {
    hardwareModule = concat([oid(hwType), octetString(new Uint8Array(8))]);
  } catch (cause) {
    throw new ProfileError('profile/subject', profile.name, 'hwType is not an OID', { cause });
  }
  const none = new Uint8Array(8);
  return encodeProfileExtension(column, {
    profile,
    policy,
    subjectKeyIdentifier: none,
    authorityKeyIdentifier: none,
    hardwareModule
  });
}

interface SplitExtensions {
  readonly hasSubjectAltName: boolean;
  /** `[3]` with all extensions, cut where the variable octets go. */
  parts(subjectKeyIdentifier: Uint8Array, subjectAltName: Uint8Array | undefined): Uint8Array[];
}

/** Runs of constant octets, with places for the key identifier and the subjectAltName extension between them. */
function splitExtensions(
  profile: Profile,
  policy: Policy,
  authorityKeyIdentifier: Uint8Array | undefined
): SplitExtensions {
  const pieces: (Uint8Array | 'key identifier' | 'subjectAltName')[] = [];
  for (const column of profile.extensions) {
    if (column.extension === 'subjectAltName') {
      pieces.push('subjectAltName');
      continue;
    }
    const der = encodeProfileExtension(column, {
      profile,
      policy,
      subjectKeyIdentifier: new Uint8Array(8),
      authorityKeyIdentifier,
      hardwareModule: new Uint8Array()
    });
    if (column.extension === 'subjectKeyIdentifier')
      pieces.push(der.subarray(0, der.length - 8), 'key identifier');
    else pieces.push(der);
  }
  const constant = pieces.reduce((sum, piece) => sum + (typeof piece === 'string' ? 0 : piece.length), 8);
  return {
    hasSubjectAltName: pieces.includes('subjectAltName'),
    parts(subjectKeyIdentifier, subjectAltName) {
      const length = constant + (subjectAltName?.length ?? 0);
      const inner = head(0x30, length);
      const out = [head(0xa3, inner.length + length), inner];
      for (const piece of pieces) {
        if (piece === 'key identifier') out.push(subjectKeyIdentifier);
        else if (piece === 'subjectAltName') out.push(subjectAltName ?? new Uint8Array());
        else out.push(piece);
      }
      return out;
    }
  };
}

/** Identifier and length octets; a certificate's parts are below 64 KiB. */
function head(tag: number, length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(tag, length);
  if (length < 0x100) return Uint8Array.of(tag, 0x81, length);
  return Uint8Array.of(tag, 0x82, length >> 8, length & 0xff);
}

/** The parts as the content of one SEQUENCE. */
function splice(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  return concat([head(0x30, length), ...parts]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
