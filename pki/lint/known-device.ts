import { DerError, assertDer } from '../der/index.js';
import { frameOf, sequenceEnd } from '../x509/device-certificate.js';
import {
  devicePlaces,
  inOrder,
  isMinimalInteger,
  oidAt,
  pointAt,
  timeAt,
  type DevicePlaces
} from '../x509/device-places.js';
import { signatureAlgorithmDer } from '../x509/index.js';
import { p256SpkiHead } from '../x509/public-key.js';
import { Shapes, type Place } from '../x509/shape.js';
import { tbsSubject, type LintSubject, type WrittenTime } from './subject.js';

interface KnownDevice {
  /** The TBSCertificate that was read, and its outline. */
  readonly tbs: Uint8Array;
  readonly subject: LintSubject;
  readonly isKeyIdentifierCritical: boolean;
  readonly isNameCritical: boolean;
  readonly places: DevicePlaces;
}

const known = new Shapes<KnownDevice>();

/** Where the TBS stands in what is judged. */
interface Range {
  readonly tbs: number;
  readonly end: number;
}

/**
 * The outline of a device's TBSCertificate, or certificate, of a shape that was met before; undefined for all
 * else. The rules are asked all the same: this spares reading again what is equal to the last octet, and passing
 * the DER gate, which these octets pass when the ones they are equal to did and their places are of their types.
 */
export function knownDeviceSubject(der: Uint8Array, isCertificate: boolean): LintSubject | undefined {
  const range = rangeOf(der, isCertificate);
  if (range === undefined) return undefined;
  const shape = known.find(der, range.tbs, range.end);
  if (shape === undefined) return undefined;
  const { places, subject: model } = shape;
  const { states } = model;
  const { tbs } = range;
  const { serial, hwSerialNumber, keyIdentifier } = places;
  if (!isMinimalInteger(der, tbs + serial.start, serial.end - serial.start)) return undefined;
  const notBefore = timeIn(der, tbs, places.notBefore, shape, model.notBefore);
  const notAfter = timeIn(der, tbs, places.notAfter, shape, model.notAfter);
  const point = pointAt(der, tbs, places.point);
  const hwType = oidAt(der, tbs, places.hwType);
  if (notBefore === undefined || notAfter === undefined || point === undefined || hwType === undefined)
    return undefined;
  const spki = der.subarray(tbs + places.point.start - p256SpkiHead.length, tbs + places.point.end);
  const serialNumber = der.subarray(tbs + hwSerialNumber.start, tbs + hwSerialNumber.end);
  return {
    der,
    outerAlgorithm: isCertificate ? signatureAlgorithmDer['ecdsa-with-SHA256'] : undefined,
    version: model.version,
    serial: der.subarray(tbs + serial.start, tbs + serial.end),
    innerAlgorithm: model.innerAlgorithm,
    issuer: model.issuer,
    notBefore,
    notAfter,
    subject: model.subject,
    spki,
    publicKey: { algorithm: 'P-256', spki, bits: 256, keyBits: point, rsa: undefined },
    hasUniqueIdentifiers: model.hasUniqueIdentifiers,
    extensions: model.extensions,
    states: {
      keyUsage: states.keyUsage,
      basicConstraints: states.basicConstraints,
      certificatePolicies: states.certificatePolicies,
      authorityKeyIdentifier: states.authorityKeyIdentifier,
      subjectKeyIdentifier: {
        state: 'there',
        critical: shape.isKeyIdentifierCritical,
        value: der.subarray(tbs + keyIdentifier.start, tbs + keyIdentifier.end)
      },
      subjectAltName: {
        state: 'there',
        critical: shape.isNameCritical,
        value: [{ kind: 'hardware-module', name: { hwType, serialNumber } }]
      }
    }
  };
}

/** Learns the shape of what `subject` is the outline of, from a copy that keeps no other octets alive. */
export function rememberDeviceSubject({ der, subject: name }: LintSubject, isCertificate: boolean): void {
  if (name.rdns.length > 0) return;
  const range = rangeOf(der, isCertificate);
  if (range === undefined) return;
  const tbs = Uint8Array.from(der.subarray(range.tbs, range.end));
  const places = devicePlaces(tbs);
  // The gate tolerates times that `L12` tells of; a shape is learned of what it takes without that.
  if (places === undefined || !isDer(tbs)) return;
  const subject = tbsSubject(tbs);
  const { subjectKeyIdentifier: keyIdentifier, subjectAltName: names } = subject.states;
  if (keyIdentifier.state !== 'there' || names.state !== 'there') return;
  if (subject.publicKey?.algorithm !== 'P-256' || subject.hasUniqueIdentifiers) return;
  const extensions = subject.extensions.map(({ oid, critical }) => ({ oid, critical }));
  known.learn(tbs, inOrder({ ...places }), {
    tbs,
    subject: { ...subject, extensions },
    isKeyIdentifierCritical: keyIdentifier.critical,
    isNameCritical: names.critical,
    places
  });
}

function rangeOf(der: Uint8Array, isCertificate: boolean): Range | undefined {
  if (!isCertificate) return sequenceEnd(der, 0) === der.length ? { tbs: 0, end: der.length } : undefined;
  const frame = frameOf(der);
  return frame && { tbs: frame.tbs, end: frame.tbsEnd };
}

function isDer(octets: Uint8Array): boolean {
  try {
    assertDer(octets);
    return true;
  } catch (error) {
    if (error instanceof DerError) return false;
    throw error;
  }
}

/** The time in a place; certificates of one day have equal ones, which are not read again. */
function timeIn(
  octets: Uint8Array,
  tbs: number,
  place: Place,
  model: KnownDevice,
  written: WrittenTime
): WrittenTime | undefined {
  let isEqual = true;
  for (let i = place.start; isEqual && i < place.end; i++) isEqual = octets[tbs + i] === model.tbs[i];
  if (isEqual) return written;
  const moment = timeAt(octets, tbs, place);
  if (moment === undefined) return undefined;
  const { tag } = written;
  const text = String.fromCharCode(...octets.subarray(tbs + place.start, tbs + place.end));
  return { tag, text, moment };
}
