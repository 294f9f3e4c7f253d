/** OCSP requests and responses (RFC 6960) with any content. */
import { createHash } from 'node:crypto';
import {
  contextOctets,
  contextTagged,
  enumerated,
  nullValue,
  octetString,
  oid,
  sequence,
  unsignedInteger
} from '../../../pki/der/index.js';
import { hashOids } from './algorithms.js';
import { day, testMoment, type Entity } from './entity.js';
import { extension, generalizedTime } from './extensions.js';
import { parsePublicKey } from '../../../pki/x509/index.js';
import { innerAlgorithmOf, signatureParts, type SigningInput } from './signed.js';

const basicOcsp = '1.3.6.1.5.5.7.48.1.1';

export type OcspHash = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** CertID of a certificate: hashes of the issuer's name and key, and the serial number. */
export function certIdDer(
  issuer: Pick<Entity, 'subject' | 'key'>,
  serial: Uint8Array,
  hash: OcspHash = 'sha256'
): Uint8Array {
  const digest = (octets: Uint8Array) => octetString(createHash(hash).update(octets).digest());
  return sequence(
    sequence(oid(hashOids[hash]), nullValue()),
    digest(issuer.subject),
    digest(parsePublicKey(issuer.key.spki).keyBits),
    unsignedInteger(serial)
  );
}

export interface SingleResponseInput {
  readonly certificate: Pick<Entity, 'serial'>;
  readonly issuer: Pick<Entity, 'subject' | 'key'>;
  readonly status?: 'good' | 'unknown' | { readonly revoked: Date; readonly reason?: number } | Uint8Array;
  /** Default: an hour before the test moment, and a day after; `null` leaves nextUpdate out. */
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date | null;
  readonly hash?: OcspHash;
  /** The whole CertID. */
  readonly certId?: Uint8Array;
  /** singleExtensions. */
  readonly extensions?: readonly Uint8Array[];
}

export interface OcspInput extends Partial<SigningInput> {
  readonly responses: readonly SingleResponseInput[];
  /** Who says so: its name or the hash of its key is the ResponderID. */
  readonly responder: Pick<Entity, 'subject' | 'key'>;
  readonly responderId?: 'name' | 'key' | Uint8Array;
  readonly producedAt?: Date;
  /** Certificates enclosed. */
  readonly certificates?: readonly Uint8Array[];
  readonly nonce?: Uint8Array;
  /** responseExtensions after the nonce. */
  readonly extensions?: readonly Uint8Array[];
  /** OCSPResponseStatus; others than 0 have no response bytes. */
  readonly responseStatus?: number;
  /** Dotted type of the response bytes. */
  readonly responseType?: string;
  /** Octets in place of the version field, which is left out for v1. */
  readonly version?: Uint8Array;
}

export function ocspResponseDer(input: OcspInput): Uint8Array {
  const { responseStatus = 0 } = input;
  if (responseStatus !== 0) return sequence(enumerated(responseStatus));
  const signing: SigningInput = { ...input, signer: input.signer ?? input.responder.key };
  const extensions = [...nonceExtension(input.nonce), ...(input.extensions ?? [])];
  const signed = sequence(
    ...(input.version === undefined ? [] : [input.version]),
    responderIdDer(input),
    generalizedTime(input.producedAt ?? new Date(testMoment.getTime() - day / 24)),
    sequence(...input.responses.map(singleResponse)),
    ...(extensions.length === 0 ? [] : [contextTagged(1, sequence(...extensions))])
  );
  // An inner algorithm field does not exist in a ResponseData: the outer one alone says how it is signed.
  const algorithm = input.outerAlgorithm ?? innerAlgorithmOf(signing);
  const basic = sequence(
    signed,
    algorithm,
    signatureParts(signed, signing)[1],
    ...(input.certificates === undefined ? [] : [contextTagged(0, sequence(...input.certificates))])
  );
  return sequence(
    enumerated(0),
    contextTagged(0, sequence(oid(input.responseType ?? basicOcsp), octetString(basic)))
  );
}

function nonceExtension(nonce: Uint8Array | undefined): Uint8Array[] {
  return nonce === undefined ? [] : [extension('ocspNonce', octetString(nonce))];
}

function responderIdDer({ responder, responderId = 'name' }: OcspInput): Uint8Array {
  if (responderId instanceof Uint8Array) return responderId;
  return responderId === 'name'
    ? contextTagged(1, responder.subject)
    : contextTagged(
        2,
        octetString(createHash('sha1').update(parsePublicKey(responder.key.spki).keyBits).digest())
      );
}

function singleResponse(input: SingleResponseInput): Uint8Array {
  const { nextUpdate = new Date(testMoment.getTime() + day), extensions = [] } = input;
  return sequence(
    input.certId ?? certIdDer(input.issuer, input.certificate.serial, input.hash),
    statusDer(input.status ?? 'good'),
    generalizedTime(input.thisUpdate ?? new Date(testMoment.getTime() - day / 24)),
    ...(nextUpdate === null ? [] : [contextTagged(0, generalizedTime(nextUpdate))]),
    ...(extensions.length === 0 ? [] : [contextTagged(1, sequence(...extensions))])
  );
}

function statusDer(status: NonNullable<SingleResponseInput['status']>): Uint8Array {
  if (status instanceof Uint8Array) return status;
  if (status === 'good') return contextOctets(0, new Uint8Array());
  if (status === 'unknown') return contextOctets(2, new Uint8Array());
  const reason = status.reason === undefined ? [] : [contextTagged(0, enumerated(status.reason))];
  return contextTagged(1, generalizedTime(status.revoked), ...reason);
}
