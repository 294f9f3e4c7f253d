import { bitStringFromContent, contextConstructed, DerError, DerReader, tags } from '../../der/index.js';
import { stringFromContent } from '../../der/strings.js';
import { frameOf, parseKnownDeviceCertificate } from '../../x509/device-certificate.js';
import { contentOf, declining, isMinimalInteger, pointAt, timeAt } from '../../x509/device-places.js';
import {
  oids,
  parseCertificate,
  type Certificate,
  type Extension,
  type Name,
  type NameAttribute
} from '../../x509/index.js';
import { p256SpkiHead } from '../../x509/public-key.js';
import { Shapes, type Place } from '../../x509/shape.js';

/** Where one organisation certificate differs from the next, in its tbsCertificate. */
interface OrganisationPlaces {
  readonly serial: Place;
  readonly notBefore: Place;
  readonly notAfter: Place;
  /** The subject's attribute values, one an RDN. */
  readonly values: readonly Place[];
  /** The key's two coordinates, 64 octets. */
  readonly point: Place;
  readonly keyIdentifier: Place;
}

interface KnownOrganisation {
  readonly certificate: Certificate;
  readonly places: OrganisationPlaces;
}

const known = new Shapes<KnownOrganisation>();

/**
 * A certificate, as `parseCertificate` reads it and with its errors. Those of organisations that have the shape of
 * one read before (all lengths, and every octet but serial number, dates, subject values, key and key identifier)
 * are read by what differs, each value by the rules of its type; whatever is in doubt is read the long way.
 */
export function readTarget(der: Uint8Array): Certificate {
  if (wasDevice) {
    const device = parseKnownDeviceCertificate(der);
    if (device !== undefined) return device;
  }
  const organisation = readKnown(der);
  if (organisation !== undefined) {
    wasDevice = false;
    return organisation;
  }
  const certificate = parseCertificate(der);
  wasDevice = certificate.hardwareModuleName !== undefined;
  if (!wasDevice) remember(certificate);
  return certificate;
}

/** Of what kind the last one was: the next is likely one of them, and is recognised at the first attempt. */
let wasDevice = false;

/** The way by shape alone; undefined where the certificate has to be read whole. */
export function readKnown(der: Uint8Array): Certificate | undefined {
  const frame = frameOf(der);
  const shape = frame && known.find(der, frame.tbs, frame.tbsEnd);
  if (frame === undefined || shape === undefined) return undefined;
  const { certificate: model, places } = shape;
  const { tbs, tbsEnd } = frame;
  const { serial, keyIdentifier } = places;
  if (!isMinimalInteger(der, tbs + serial.start, serial.end - serial.start)) return undefined;
  const notBefore = timeAt(der, tbs, places.notBefore);
  const notAfter = timeAt(der, tbs, places.notAfter);
  const point = pointAt(der, tbs, places.point);
  const subject = subjectAt(der, tbs, shape);
  if (notBefore === undefined || notAfter === undefined || point === undefined || subject === undefined)
    return undefined;
  const serialOctets = der.subarray(tbs + serial.start, tbs + serial.end);
  const identifier = der.subarray(tbs + keyIdentifier.start, tbs + keyIdentifier.end);
  const spki = der.subarray(tbs + places.point.start - p256SpkiHead.length, tbs + places.point.end);
  // Written out: spreading the model costs more than all the rest.
  return {
    der,
    tbs: der.subarray(tbs, tbsEnd),
    version: model.version,
    serial: serialOctets,
    serialHex: upperHex(serialOctets),
    tbsSignatureAlgorithm: model.tbsSignatureAlgorithm,
    issuer: model.issuer,
    subject,
    notBefore,
    notAfter,
    publicKey: { algorithm: 'P-256', spki, bits: 256, keyBits: point, rsa: undefined },
    extensions: extensionsAt(der, tbs, model),
    keyUsage: model.keyUsage,
    subjectKeyIdentifier: identifier,
    authorityKeyIdentifier: model.authorityKeyIdentifier,
    basicConstraints: model.basicConstraints,
    policies: model.policies,
    subjectAltNames: undefined,
    extendedKeyUsage: model.extendedKeyUsage,
    hardwareModuleName: undefined,
    signatureAlgorithm: model.signatureAlgorithm,
    signature: der.subarray(frame.signature)
  };
}

/** The subject as it stands in these octets; undefined where a value is not of its type. */
function subjectAt(
  octets: Uint8Array,
  tbs: number,
  { certificate: { subject, tbs: model }, places }: KnownOrganisation
): Name | undefined {
  const rdns: (readonly NameAttribute[])[] = [];
  try {
    for (const rdn of subject.rdns) {
      const { type, tag, der } = rdn[0] as NameAttribute;
      const { start, end } = places.values[rdns.length] as Place;
      // A role stands in many certificates: equal octets have been read before.
      if (isSame(octets, tbs, model, start, end)) {
        rdns.push(rdn);
        continue;
      }
      const content = octets.subarray(tbs + start, tbs + end);
      const isBits = tag === tags.bitString;
      const text = isBits ? undefined : stringFromContent(tag, content, 0, 'subject');
      const bits = isBits ? bitStringFromContent(content, 0, 'subject') : undefined;
      rdns.push([{ type, tag, text, bits, der: octets.subarray(tbs + end - der.length, tbs + end) }]);
    }
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
  const start = tbs + subject.der.byteOffset - model.byteOffset;
  return { der: octets.subarray(start, start + subject.der.length), rdns };
}

function isSame(octets: Uint8Array, offset: number, model: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (octets[offset + i] !== model[i]) return false;
  return true;
}

/** The subject key identifier as it stands in these octets; the others are equal to the model's. */
function extensionsAt(octets: Uint8Array, tbs: number, model: Certificate): Extension[] {
  const extensions: Extension[] = [];
  for (const extension of model.extensions) {
    const { oid, critical, value, der } = extension;
    if (oid !== oids.subjectKeyIdentifier) {
      extensions.push(extension);
      continue;
    }
    const start = tbs + der.byteOffset - model.tbs.byteOffset;
    const end = start + der.length;
    const own = octets.subarray(end - value.length, end);
    extensions.push({ oid, critical, value: own, der: octets.subarray(start, end) });
  }
  return extensions;
}

const hexDigits = Buffer.from('0123456789ABCDEF', 'latin1');
/** A serial number while it becomes text, 20 octets at most: text that was put together is slow to look up by. */
const digits = Buffer.alloc(40);

function upperHex(octets: Uint8Array): string {
  const { length } = octets;
  for (let i = 0; i < length; i++) {
    const octet = octets[i] as number;
    digits[2 * i] = hexDigits[octet >> 4] as number;
    digits[2 * i + 1] = hexDigits[octet & 15] as number;
  }
  return digits.toString('latin1', 0, 2 * length);
}

/** Learns the shape of an organisation's certificate from a copy that keeps no other octets alive. */
function remember({ der, publicKey, subject, subjectAltNames }: Certificate): void {
  const isOrganisation = subject.rdns.length > 0 && subject.rdns.every(rdn => rdn.length === 1);
  if (!isOrganisation || publicKey.algorithm !== 'P-256' || subjectAltNames !== undefined) return;
  if (frameOf(der) === undefined) return;
  const certificate = parseCertificate(Uint8Array.from(der));
  const places = organisationPlaces(certificate.tbs);
  if (places === undefined) return;
  const { serial, notBefore, notAfter, values, point, keyIdentifier } = places;
  const inOrder = [serial, notBefore, notAfter, ...values, point, keyIdentifier];
  known.learn(certificate.tbs, inOrder, { certificate, places });
}

/** The places in a tbsCertificate that the strict reader has taken; undefined where one is missing. */
function organisationPlaces(tbs: Uint8Array): OrganisationPlaces | undefined {
  return declining(() => {
    const fields = DerReader.over(tbs, 'tbsCertificate').sequence('tbsCertificate');
    if (fields.peek() === contextConstructed(0)) fields.any('version');
    const serial = fields.read(tags.integer, 'serialNumber');
    fields.read(tags.sequence, 'signature');
    fields.read(tags.sequence, 'issuer');
    const validity = fields.sequence('validity');
    const notBefore = validity.any('notBefore');
    const notAfter = validity.any('notAfter');
    const subject = fields.sequence('subject');
    const values: Place[] = [];
    while (!subject.done) {
      const attribute = subject.set('RDN').sequence('attribute');
      attribute.oid('attribute type');
      values.push(contentOf(attribute.any('attribute value')));
    }
    const key = fields.read(tags.sequence, 'subjectPublicKeyInfo');
    const end = key.offset + key.der.length;
    const keyIdentifier = keyIdentifierIn(
      fields.enter(contextConstructed(3), 'extensions').sequence('extensions')
    );
    if (keyIdentifier === undefined) return undefined;
    return {
      serial: contentOf(serial),
      notBefore: contentOf(notBefore),
      notAfter: contentOf(notAfter),
      values,
      point: { start: end - 64, end },
      keyIdentifier
    };
  });
}

function keyIdentifierIn(extensions: DerReader): Place | undefined {
  while (!extensions.done) {
    const extension = extensions.sequence('extension');
    if (extension.oid('extension identifier') !== oids.subjectKeyIdentifier) continue;
    extension.defaultFalse('extension criticality');
    const value = extension.read(tags.octetString, 'extension value');
    return contentOf(extension.inside(value, 'value').read(tags.octetString, 'key identifier'));
  }
  return undefined;
}
