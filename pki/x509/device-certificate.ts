import type { Certificate } from './certificate.js';
import {
  devicePlaces,
  inOrder,
  isMinimalInteger,
  oidAt,
  pointAt,
  timeAt,
  type DevicePlaces
} from './device-places.js';
import type { Extension, GeneralName } from './extension.js';
import { signatureAlgorithmDer } from './algorithm.js';
import { oids } from './oids.js';
import { p256SpkiHead } from './public-key.js';
import { Shapes } from './shape.js';

/** Where the parts of a certificate stand that was signed with ECDSA on P-256 and SHA-256. */
export interface Frame {
  /** Offsets of tbsCertificate, from its tag on. */
  readonly tbs: number;
  readonly tbsEnd: number;
  /** Offset of the signature's octets; they end where the certificate does. */
  readonly signature: number;
}

const ecdsa = signatureAlgorithmDer['ecdsa-with-SHA256'];
/** Tag and length of a value of 256 to 65535 octets: two length octets (X.690 10.1). */
const headOctets = 4;

/**
 * Takes a certificate of 260 octets and more apart whose every length is written as DER has it; undefined for what
 * is another thing, or is nothing: the reader then says what.
 */
export function frameOf(der: Uint8Array): Frame | undefined {
  const { length } = der;
  if (length > 2_048 || sequenceEnd(der, 0) !== length) return undefined;
  const tbsEnd = sequenceEnd(der, headOctets);
  if (tbsEnd === undefined) return undefined;
  const bits = tbsEnd + ecdsa.length;
  const signature = bits + 3;
  if (signature >= length) return undefined;
  for (let i = 0; i < ecdsa.length; i++) if (der[tbsEnd + i] !== ecdsa[i]) return undefined;
  const octets = length - bits - 2;
  if (der[bits] !== 0x03 || der[bits + 1] !== octets || octets > 0x7f || der[bits + 2] !== 0)
    return undefined;
  return { tbs: headOctets, tbsEnd, signature };
}

/** Where a SEQUENCE of 256 octets and more ends; undefined for anything else. */
export function sequenceEnd(der: Uint8Array, at: number): number | undefined {
  if (der[at] !== 0x30 || der[at + 1] !== 0x82) return undefined;
  const length = (der[at + 2] as number) * 256 + (der[at + 3] as number);
  const end = at + headOctets + length;
  return length >= 0x100 && end <= der.length ? end : undefined;
}

interface KnownDevice {
  readonly certificate: Certificate;
  readonly places: DevicePlaces;
}

const known = new Shapes<KnownDevice>();

/**
 * A device certificate of a shape that the strict reader has read before, its answer to the last octet; undefined
 * for everything else. What differs from the one read before is held to the rules of its type here.
 */
export function parseKnownDeviceCertificate(der: Uint8Array): Certificate | undefined {
  const frame = frameOf(der);
  if (frame === undefined) return undefined;
  const { tbs, tbsEnd, signature } = frame;
  const shape = known.find(der, tbs, tbsEnd);
  if (shape === undefined) return undefined;
  const { certificate: model, places } = shape;
  const { serial } = places;
  if (!isMinimalInteger(der, tbs + serial.start, serial.end - serial.start)) return undefined;
  const notBefore = timeAt(der, tbs, places.notBefore);
  const notAfter = timeAt(der, tbs, places.notAfter);
  const point = pointAt(der, tbs, places.point);
  const hwType = oidAt(der, tbs, places.hwType);
  if (notBefore === undefined || notAfter === undefined || point === undefined || hwType === undefined)
    return undefined;
  const serialOctets = der.subarray(tbs + serial.start, tbs + serial.end);
  const hardwareModuleName = {
    hwType,
    serialNumber: der.subarray(tbs + places.hwSerialNumber.start, tbs + places.hwSerialNumber.end)
  };
  return {
    der,
    tbs: der.subarray(tbs, tbsEnd),
    version: model.version,
    serial: serialOctets,
    serialHex: upperHex(serialOctets),
    tbsSignatureAlgorithm: model.tbsSignatureAlgorithm,
    issuer: model.issuer,
    subject: model.subject,
    notBefore,
    notAfter,
    publicKey: {
      algorithm: 'P-256',
      spki: der.subarray(tbs + places.point.start - p256SpkiHead.length, tbs + places.point.end),
      bits: 256,
      keyBits: point,
      rsa: undefined
    },
    extensions: extensionsAt(der, tbs, model),
    keyUsage: model.keyUsage,
    subjectKeyIdentifier: der.subarray(tbs + places.keyIdentifier.start, tbs + places.keyIdentifier.end),
    authorityKeyIdentifier: model.authorityKeyIdentifier,
    basicConstraints: model.basicConstraints,
    policies: model.policies,
    subjectAltNames: [{ kind: 'hardware-module', name: hardwareModuleName }] satisfies GeneralName[],
    extendedKeyUsage: model.extendedKeyUsage,
    hardwareModuleName,
    signatureAlgorithm: model.signatureAlgorithm,
    signature: der.subarray(signature)
  };
}

/** The two extensions that have places of their own, read from these octets; the others are equal. */
function extensionsAt(
  octets: Uint8Array,
  tbs: number,
  model: { readonly tbs: Uint8Array; readonly extensions: readonly Extension[] }
): Extension[] {
  const extensions: Extension[] = [];
  for (const extension of model.extensions) {
    const { oid, critical, value, der } = extension;
    if (oid !== oids.subjectKeyIdentifier && oid !== oids.subjectAltName) {
      extensions.push(extension);
      continue;
    }
    const start = tbs + der.byteOffset - model.tbs.byteOffset;
    const end = start + der.length;
    extensions.push({
      oid,
      critical,
      value: octets.subarray(end - value.length, end),
      der: octets.subarray(start, end)
    });
  }
  return extensions;
}

/** Learns the shape of a certificate that `read` has read, from a copy that keeps no other octets alive. */
export function rememberDeviceCertificate(
  certificate: Certificate,
  read: (der: Uint8Array) => Certificate
): void {
  if (certificate.publicKey.algorithm !== 'P-256' || certificate.hardwareModuleName === undefined) return;
  if (frameOf(certificate.der) === undefined) return;
  const model = read(Uint8Array.from(certificate.der));
  const places = devicePlaces(model.tbs);
  if (places === undefined) return;
  known.learn(model.tbs, inOrder({ ...places }), { certificate: model, places });
}

const hexDigits = Array.from({ length: 256 }, (_, octet) =>
  octet.toString(16).toUpperCase().padStart(2, '0')
);

function upperHex(octets: Uint8Array): string {
  let text = '';
  for (let i = 0; i < octets.length; i++) text += hexDigits[octets[i] as number] as string;
  return text;
}
