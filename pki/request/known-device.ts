import { DerError, type Lengths } from '../der/index.js';
import { readHead } from '../der/length.js';
import { sameOctets } from '../der/octets.js';
import { sha256 } from '../digest.js';
import { eui64FromOctets, IdentifierError, isOrganisationEui } from '../identifier/index.js';
import { derToRawSignature, X509Error } from '../x509/index.js';
import { inOrder, oidAt, pointAt, requestPlaces, type RequestPlaces } from '../x509/device-places.js';
import { p256SpkiOf } from '../x509/public-key.js';
import { Shapes } from '../x509/shape.js';
import type { ExaminedRequest } from './check-request.js';
import { kindRules } from './draft.js';
import type { RequestFacts } from './facts.js';
import type { RequestPolicy } from './policy.js';
import { isKnownBad } from './r16-weak-key.js';
import { isSmallMultiple } from './weak-point.js';

/** A request of which every check was passed, and where the next one of its shape differs. */
interface KnownRequest {
  readonly facts: Pick<RequestFacts, 'kind' | 'profile' | 'usage' | 'notes'>;
  /** AlgorithmIdentifier as received. */
  readonly algorithm: Uint8Array;
  readonly places: RequestPlaces;
}

/** By the policy they passed under: another one may judge what is of the shape differently. */
const known = new WeakMap<RequestPolicy, Shapes<KnownRequest>>();
const { lengths } = kindRules.device;

/** Where the parts of a request stand. */
interface Frame {
  readonly info: number;
  readonly infoEnd: number;
  /** End of the algorithm, which begins where the information ends. */
  readonly algorithmEnd: number;
  readonly signature: number;
}

/**
 * Examines a device request of a shape that has passed every check before: what differs from the one that did is
 * checked here by the same rules. undefined for every request that is not of such a shape or would be refused:
 * the checks one after another then say what is wrong with it first.
 */
export function examineKnownDevice(bytes: Uint8Array, policy: RequestPolicy): ExaminedRequest | undefined {
  const shapes = known.get(policy);
  if (shapes === undefined || bytes.length > policy.maxOctets) return undefined;
  try {
    return examine(bytes, policy, shapes);
  } catch (error) {
    if (error instanceof DerError || error instanceof X509Error || error instanceof IdentifierError)
      return undefined;
    throw error;
  }
}

function examine(
  bytes: Uint8Array,
  policy: RequestPolicy,
  shapes: Shapes<KnownRequest>
): ExaminedRequest | undefined {
  const frame = frameOf(bytes, lengths);
  if (frame === undefined) return undefined;
  const { info, infoEnd, algorithmEnd } = frame;
  const shape = shapes.find(bytes, info, infoEnd);
  if (shape === undefined || !sameOctets(shape.algorithm, bytes.subarray(infoEnd, algorithmEnd)))
    return undefined;
  const { places } = shape;
  const point = pointAt(bytes, info, places.point);
  const hwType = oidAt(bytes, info, places.hwType);
  if (point === undefined || hwType === undefined) return undefined;
  const { start, end } = places.hwSerialNumber;
  const eui = eui64FromOctets(bytes.subarray(info + start, info + end));
  if (isOrganisationEui(eui, policy.organisationEuiPrefixes)) return undefined;
  const signature = derToRawSignature(bytes.subarray(frame.signature), 'P-256');
  const spki = p256SpkiOf(point);
  const publicKeyHash = sha256(spki);
  if (isKnownBad(publicKeyHash, policy) || isSmallMultiple(point)) return undefined;
  const { kind, profile, usage, notes } = shape.facts;
  return {
    facts: {
      kind,
      profile,
      usage,
      eui,
      hwType,
      spki,
      publicKeyHash,
      requestHash: sha256(bytes),
      notes
    },
    proof: {
      requestInfo: bytes.subarray(info, infoEnd),
      signature,
      publicKey: { algorithm: 'P-256', spki, bits: 256, keyBits: point, rsa: undefined }
    }
  };
}

/** Learns the shape of a device request that has passed every check. */
export function rememberDevice(bytes: Uint8Array, policy: RequestPolicy, facts: RequestFacts): void {
  const frame = frameOf(bytes, lengths);
  if (frame === undefined) return;
  const info = Uint8Array.from(bytes.subarray(frame.info, frame.infoEnd));
  const places = requestPlaces(info, lengths);
  if (places === undefined) return;
  let shapes = known.get(policy);
  if (shapes === undefined) known.set(policy, (shapes = new Shapes()));
  const algorithm = Uint8Array.from(bytes.subarray(frame.infoEnd, frame.algorithmEnd));
  const { kind, profile, usage, notes } = facts;
  shapes.learn(info, inOrder({ ...places }), { facts: { kind, profile, usage, notes }, algorithm, places });
}

/** `SEQUENCE { SEQUENCE, SEQUENCE, BIT STRING }` and nothing after it; throws `DerError` or answers undefined otherwise. */
function frameOf(bytes: Uint8Array, allowed: Lengths): Frame | undefined {
  const what = 'certificationRequest';
  const whole = readHead(bytes, 0, bytes.length, allowed, what);
  const info = readHead(bytes, whole.content, whole.end, allowed, what);
  const algorithm = readHead(bytes, info.end, whole.end, allowed, what);
  const bits = readHead(bytes, algorithm.end, whole.end, allowed, what);
  const isRequest =
    whole.tag === 0x30 &&
    whole.end === bytes.length &&
    info.tag === 0x30 &&
    algorithm.tag === 0x30 &&
    bits.tag === 0x03 &&
    bits.end === whole.end &&
    bits.content < bits.end &&
    bytes[bits.content] === 0;
  return isRequest
    ? { info: whole.content, infoEnd: info.end, algorithmEnd: algorithm.end, signature: bits.content + 1 }
    : undefined;
}
