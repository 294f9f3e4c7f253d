import { oid, octetString, sequence, time } from '../der/index.js';
import { devicePlaces, type DevicePlaces } from '../x509/device-places.js';
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
import { concat, splice, splitExtensions } from './splice.js';
import { signatureAlgorithm } from './signature-algorithm.js';
import { encodeSubject, euiOctets, writeEui, type SubjectValues } from './subject.js';
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

  function spliced(input: TbsInput, keyBits: Uint8Array): Uint8Array {
    const subjectDer = emptySubject ?? encodeSubject(profile, input.subject);
    return splice([
      versionAndSerialHead,
      input.serial,
      ...(algorithmAndIssuer ? [algorithmAndIssuer] : [algorithm, subjectDer]),
      validityDer(input),
      subjectDer,
      input.spki,
      ...extensions.parts(keyIdentifier(keyBits), subjectAltName(input.subject))
    ]);
  }

  /** Of the last validity, by hwType: see `patched`. */
  const models = new Map<string, DeviceModel>();
  let modelValidity: Uint8Array | undefined;

  /**
   * A device's octets made from those of another one: under one issuer, with one hwType and one validity they
   * differ in serial number, key, key identifier and EUI-64 alone, and each of these has one length.
   */
  function patched(input: TbsInput, keyBits: Uint8Array, hwType: string): Uint8Array {
    const validity = validityDer(input);
    if (validity !== modelValidity) models.clear();
    modelValidity = validity;
    let model = models.get(hwType);
    if (model === undefined) {
      const octets = spliced(input, keyBits);
      const places = devicePlaces(octets);
      if (places === undefined) return octets;
      if (models.size >= hardwareTypeCacheSize) models.clear();
      models.set(hwType, (model = { octets, places }));
    }
    const { octets, places } = model;
    const tbs = Buffer.allocUnsafe(octets.length);
    tbs.set(octets);
    tbs.set(input.serial, places.serial.start);
    tbs.set(input.spki, places.point.end - input.spki.length);
    tbs.set(keyIdentifier(keyBits), places.keyIdentifier.start);
    writeEui(profile, input.subject.eui, tbs, places.hwSerialNumber.start);
    return tbs;
  }

  return {
    profile,
    signingAlgorithm,
    validity: at => validityOf(profile, policy, at),
    tbs(input) {
      const { serial, spki, subject } = input;
      const first = serial[0] ?? 0;
      if (serial.length !== serialOctets || first < 0x01 || first > 0x7f)
        throw new ProfileError('profile/serial', name, 'a serial has 16 octets, the first 01..7F');
      const keyBits = keyBitsOf(spki, keyAlgorithm, name);
      const { hwType } = subject;
      return emptySubject !== undefined && extensions.hasSubjectAltName && hwType !== undefined
        ? patched(input, keyBits, hwType)
        : spliced(input, keyBits);
    }
  };
}

/** The octets of a device's TBSCertificate, and where the next one's differ. */
interface DeviceModel {
  readonly octets: Uint8Array;
  readonly places: DevicePlaces;
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
