import { bitString, contextTagged, integer, oid, sequence, setOf } from '../../pki/der/index.js';
import {
  assembleRequest,
  buildRequestInfo,
  deviceRequestContent,
  encodeExtension,
  encodeName,
  ikiClientRequestContent,
  oids,
  organisationRequestContent,
  rawToDerSignature,
  signatureAlgorithmDer,
  type EndEntityUsage,
  type RequestContent
} from '../../pki/x509/index.js';
import { longForm } from './ber.js';
import { p256Key, rsaKey, signRaw, type TestKey } from './keys.js';

export const testHwType = '1.3.6.1.4.1.99999.1.2';

/** A request whose content the product's own builder made, signed by its key. */
export function signedRequest(key: TestKey, content: RequestContent): Uint8Array {
  const info = buildRequestInfo(content);
  return assembleRequest(info, key.algorithm, signRaw(key, info));
}

export interface DeviceRequestOptions {
  readonly key?: TestKey;
  readonly usage?: EndEntityUsage;
  readonly eui?: string;
  readonly hwType?: string;
}

function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll('-', ''), 'hex'));
}

export const testDeviceEui = '00-07-81-00-00-00-00-01';
/** Inside the test block of organisations, and above 2^63. */
export const testOrganisationEui = '90-B3-D5-1F-30-01-00-00';

export function deviceRequest(options: DeviceRequestOptions = {}): Uint8Array {
  const key = options.key ?? p256Key();
  return signedRequest(
    key,
    deviceRequestContent({
      spki: key.spki,
      usage: options.usage ?? 'digitalSignature',
      hwType: options.hwType ?? testHwType,
      eui: hex(options.eui ?? testDeviceEui)
    })
  );
}

export interface OrganisationRequestOptions {
  readonly key?: TestKey;
  readonly usage?: EndEntityUsage;
  readonly ou?: string;
  readonly eui?: string;
  readonly commonName?: string;
}

export function organisationRequest(options: OrganisationRequestOptions = {}): Uint8Array {
  const key = options.key ?? p256Key();
  return signedRequest(
    key,
    organisationRequestContent({
      spki: key.spki,
      usage: options.usage ?? 'digitalSignature',
      ou: options.ou ?? '02',
      eui: hex(options.eui ?? testOrganisationEui),
      ...(options.commonName === undefined ? {} : { commonName: options.commonName })
    })
  );
}

export interface IkiRequestOptions {
  readonly key?: TestKey;
  readonly organisation?: string;
  readonly ou?: string;
  readonly commonName?: string;
}

export function ikiClientRequest(options: IkiRequestOptions = {}): Uint8Array {
  const key = options.key ?? rsaKey();
  return signedRequest(
    key,
    ikiClientRequestContent({
      spki: key.spki,
      organisation: options.organisation ?? 'Example Energy Limited',
      ou: options.ou ?? '02',
      commonName: options.commonName ?? 'adhoc-1'
    })
  );
}

/** The parts of a request, each of which a test may spoil. Whatever is spoilt, the signature is over the result. */
export interface RequestParts {
  readonly version?: Uint8Array;
  readonly subject?: Uint8Array;
  readonly spki?: Uint8Array;
  /** Encoded extensions of the one extensionRequest. */
  readonly extensions?: readonly Uint8Array[];
  /** Encoded attributes, instead of the extensionRequest. */
  readonly attributes?: readonly Uint8Array[];
  /** More fields at the end of certificationRequestInfo. */
  readonly infoTail?: readonly Uint8Array[];
  readonly algorithm?: Uint8Array;
  /** Instead of signing. */
  readonly signature?: (info: Uint8Array) => Uint8Array;
  /** More fields at the end of the request. */
  readonly tail?: readonly Uint8Array[];
}

/** `Attribute` of type extensionRequest with one value per list of extensions. */
export function extensionRequestAttribute(...values: readonly (readonly Uint8Array[])[]): Uint8Array {
  return sequence(oid(oids.extensionRequest), setOf(...values.map(extensions => sequence(...extensions))));
}

export function requestOfParts(key: TestKey, parts: RequestParts): Uint8Array {
  const attributes = parts.attributes ?? [extensionRequestAttribute(parts.extensions ?? [])];
  const info = sequence(
    parts.version ?? integer(0),
    parts.subject ?? encodeName([]),
    parts.spki ?? key.spki,
    contextTagged(0, ...attributes),
    ...(parts.infoTail ?? [])
  );
  const signature = (parts.signature ?? (octets => derSignature(key, octets)))(info);
  return sequence(
    info,
    parts.algorithm ?? signatureAlgorithmDer[key.algorithm],
    bitString(signature),
    ...(parts.tail ?? [])
  );
}

/** The signature as X.509 carries it. */
export function derSignature(key: TestKey, octets: Uint8Array): Uint8Array {
  const raw = signRaw(key, octets);
  return key.algorithm === 'ecdsa-with-SHA256' ? rawToDerSignature(raw, 'P-256') : raw;
}

/** The extensions of a proper device request, for taking one out or adding one. */
export function deviceExtensions(
  usage: EndEntityUsage = 'digitalSignature',
  eui = testDeviceEui
): Uint8Array[] {
  return [
    ...deviceRequestContent({ spki: new Uint8Array(), usage, hwType: testHwType, eui: hex(eui) }).extensions
  ];
}

/** keyUsage with a value of the test's choosing. */
export function keyUsageOf(value: Uint8Array, critical = true): Uint8Array {
  return encodeExtension(oids.keyUsage, critical, value);
}

/**
 * A device request as GBCS devices send them: every length in long form, signed over those octets. The signature
 * value alone is strict DER inside its BIT STRING.
 */
export function longFormDeviceRequest(key: TestKey = p256Key(), octets = 2): Uint8Array {
  const content = deviceRequestContent({
    spki: key.spki,
    usage: 'digitalSignature',
    hwType: testHwType,
    eui: hex(testDeviceEui)
  });
  return resigned(key, longForm(buildRequestInfo(content), octets), tree => longForm(tree, octets));
}

/** A request around certificationRequestInfo octets of any form, signed over exactly those. */
export function resigned(
  key: TestKey,
  info: Uint8Array,
  outer: (tree: Uint8Array) => Uint8Array = tree => tree
): Uint8Array {
  const marker = sequence();
  const frame = outer(
    sequence(marker, signatureAlgorithmDer[key.algorithm], bitString(derSignature(key, info)))
  );
  return withInfo(frame, outer(marker), info);
}

/** Puts `info` where the empty first member of the frame stands, mending the frame's own length. */
function withInfo(frame: Uint8Array, marker: Uint8Array, info: Uint8Array): Uint8Array {
  const first = frame[1] as number;
  const count = first < 0x80 ? 0 : first & 0x7f;
  const rest = frame.subarray(2 + count + marker.length);
  const length = info.length + rest.length;
  const width = Math.max(count, 2);
  const head = Buffer.alloc(2 + width);
  head[0] = 0x30;
  head[1] = 0x80 | width;
  head.writeUIntBE(length, 2, width);
  return new Uint8Array(Buffer.concat([head, info, rest]));
}
