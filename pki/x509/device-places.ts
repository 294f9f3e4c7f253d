import { DerError, DerReader, contextConstructed, tags, type DerValue, type Lengths } from '../der/index.js';
import { timeFromContent } from '../der/time.js';
import { oidFromContent } from '../der/oid.js';
import { isOnCurve } from './curve.js';
import { oids } from './oids.js';
import { p256SpkiHead } from './public-key.js';
import type { Place } from './shape.js';

/** Where one device certificate differs from the next: places in its tbsCertificate. */
export interface DevicePlaces {
  readonly serial: Place;
  readonly notBefore: Place;
  readonly notAfter: Place;
  /** The key's two coordinates, 64 octets. */
  readonly point: Place;
  readonly keyIdentifier: Place;
  readonly hwType: Place;
  readonly hwSerialNumber: Place;
}

/**
 * The places in a tbsCertificate that the strict reader has taken; undefined for one that is not a device's: empty
 * subject, P-256 key, a key identifier, one hardware module name.
 */
export function devicePlaces(tbs: Uint8Array): DevicePlaces | undefined {
  return declining(() => {
    const fields = DerReader.over(tbs, 'tbsCertificate').sequence('tbsCertificate');
    if (fields.peek() === contextConstructed(0)) fields.any('version');
    const serial = fields.read(tags.integer, 'serialNumber');
    fields.read(tags.sequence, 'signature');
    fields.read(tags.sequence, 'issuer');
    const validity = fields.sequence('validity');
    const notBefore = validity.any('notBefore');
    const notAfter = validity.any('notAfter');
    if (fields.read(tags.sequence, 'subject').content.length !== 0) return undefined;
    const point = pointOf(fields.read(tags.sequence, 'subjectPublicKeyInfo'));
    const extensions = fields.enter(contextConstructed(3), 'extensions').sequence('extensions');
    const found = readExtensionPlaces(extensions);
    if (point === undefined || found?.keyIdentifier === undefined) return undefined;
    const { keyIdentifier, hwType, hwSerialNumber } = found;
    return {
      serial: contentOf(serial),
      notBefore: contentOf(notBefore),
      notAfter: contentOf(notAfter),
      point,
      keyIdentifier: contentOf(keyIdentifier),
      hwType: contentOf(hwType),
      hwSerialNumber: contentOf(hwSerialNumber)
    };
  });
}

/** The places in the order in which they stand. */
export function inOrder(places: { readonly [name: string]: Place }): Place[] {
  return Object.values(places).sort((a, b) => a.start - b.start);
}

/** Where one device request differs from the next: places in its certificationRequestInfo. */
export interface RequestPlaces {
  readonly point: Place;
  readonly hwType: Place;
  readonly hwSerialNumber: Place;
}

/** The same of a certificationRequestInfo: one attribute with one value, so that no order of a SET can differ. */
export function requestPlaces(info: Uint8Array, lengths: Lengths): RequestPlaces | undefined {
  return declining(() => {
    const fields = DerReader.over(info, 'certificationRequestInfo', { lengths }).sequence('info');
    fields.read(tags.integer, 'version');
    if (fields.read(tags.sequence, 'subject').content.length !== 0) return undefined;
    const point = pointOf(fields.read(tags.sequence, 'subjectPKInfo'));
    const attributes = fields.enter(contextConstructed(0), 'attributes');
    const attribute = attributes.sequence('attribute');
    attributes.end('attributes');
    attribute.read(tags.oid, 'attribute type');
    const values = attribute.set('attribute values');
    const extensions = values.sequence('extensionRequest');
    values.end('attribute values');
    const found = readExtensionPlaces(extensions);
    if (point === undefined || found === undefined) return undefined;
    return { point, hwType: contentOf(found.hwType), hwSerialNumber: contentOf(found.hwSerialNumber) };
  });
}

/** Another form is not an error here: its encodings are read the long way. */
export function declining<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

/** The place of a value's content. */
export function contentOf({ content, contentOffset }: DerValue): Place {
  return { start: contentOffset, end: contentOffset + content.length };
}

/** The last 64 octets of a SubjectPublicKeyInfo whose key is an uncompressed P-256 point. */
function pointOf({ der, offset }: DerValue): Place | undefined {
  const end = offset + der.length;
  return der[der.length - 65] === 0x04 && der.length >= p256SpkiHead.length + 64
    ? { start: end - 64, end }
    : undefined;
}

interface ExtensionPlaces {
  readonly keyIdentifier: DerValue | undefined;
  readonly hwType: DerValue;
  readonly hwSerialNumber: DerValue;
}

function readExtensionPlaces(list: DerReader): ExtensionPlaces | undefined {
  let keyIdentifier: DerValue | undefined;
  let names: { readonly hwType: DerValue; readonly hwSerialNumber: DerValue } | undefined;
  while (!list.done) {
    const extension = list.sequence('extension');
    const identifier = extension.oid('extension identifier');
    extension.defaultFalse('extension criticality');
    const value = extension.read(tags.octetString, 'extension value');
    if (identifier === oids.subjectKeyIdentifier) {
      if (keyIdentifier !== undefined) return undefined;
      keyIdentifier = extension
        .inside(value, 'subjectKeyIdentifier')
        .read(tags.octetString, 'key identifier');
    }
    if (identifier === oids.subjectAltName) {
      if (names !== undefined) return undefined;
      names = readHardwareModule(extension.inside(value, 'subjectAltName'));
    }
  }
  return names && { keyIdentifier, ...names };
}

function readHardwareModule(
  value: DerReader
): { readonly hwType: DerValue; readonly hwSerialNumber: DerValue } | undefined {
  const list = value.sequence('subjectAltName');
  const other = list.enter(contextConstructed(0), 'otherName');
  list.end('subjectAltName');
  if (other.oid('otherName type') !== oids.hardwareModuleName) return undefined;
  const name = other.enter(contextConstructed(0), 'otherName value').sequence('hardwareModuleName');
  return {
    hwType: name.read(tags.oid, 'hwType'),
    hwSerialNumber: name.read(tags.octetString, 'hwSerialNum')
  };
}

/** Octet `04` and the coordinates, when they are a point of the curve. */
export function pointAt(octets: Uint8Array, offset: number, { start, end }: Place): Uint8Array | undefined {
  // The octet 04 stands before the place: it is of the shape.
  const point = octets.subarray(offset + start - 1, offset + end);
  return isOnCurve('P-256', point) ? point : undefined;
}

/** The dotted text of an object identifier's content; undefined when it is not one. */
export function oidAt(octets: Uint8Array, offset: number, { start, end }: Place): string | undefined {
  return declining(() => oidFromContent(octets.subarray(offset + start, offset + end), 0, 'hwType'));
}

/** The moment of a time's content; undefined when it is not one. */
export function timeAt(octets: Uint8Array, offset: number, { start, end }: Place): Date | undefined {
  // UTCTime has 13 content octets and GeneralizedTime 15: another tag with this length is not a time.
  const tag = end - start === 13 ? tags.utcTime : tags.generalizedTime;
  return declining(() => timeFromContent(tag, octets.subarray(offset + start, offset + end), 0, 'time'));
}

/** Whether an INTEGER's content octets are the fewest that hold the number (X.690 8.3.2). */
export function isMinimalInteger(octets: Uint8Array, at: number, length: number): boolean {
  const first = octets[at] as number;
  const second = octets[at + 1] as number;
  return length < 2 || !((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80));
}
