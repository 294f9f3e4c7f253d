/** A certificate with any content: every field free, and any field's octets replaceable. */
import { contextTagged, integer, sequence, time, unsignedInteger } from '../../../pki/der/index.js';
import type { PkiKey } from './keys.js';
import { nameOf, type NameInput } from './names.js';
import { assemble, innerAlgorithmOf, type SigningInput } from './signed.js';

/** Members of TBSCertificate in the order of RFC 5280 4.1; `null` leaves one out, octets replace its encoding. */
export const tbsFields = [
  'version',
  'serialNumber',
  'signature',
  'issuer',
  'validity',
  'subject',
  'subjectPublicKeyInfo',
  'issuerUniqueID',
  'subjectUniqueID',
  'extensions'
] as const;
export type TbsField = (typeof tbsFields)[number];

export interface CertificateInput extends SigningInput {
  readonly issuer: NameInput;
  readonly subject: NameInput;
  /** The certified key, or SubjectPublicKeyInfo octets. */
  readonly key: PkiKey | Uint8Array;
  /** A number, or the magnitude's octets. */
  readonly serial: number | bigint | Uint8Array;
  /** A Date in the form its year demands, or the encoded Time. */
  readonly notBefore: Date | Uint8Array;
  readonly notAfter: Date | Uint8Array;
  /** 3 unless told otherwise. A v1 certificate has no extensions unless `extensions` is not empty. */
  readonly version?: 1 | 2 | 3 | undefined;
  /** Encoded extensions in order; none leaves the field out. */
  readonly extensions: readonly Uint8Array[];
  /** Any TBS field as octets, or left out. */
  readonly raw?: Partial<Record<TbsField, Uint8Array | null>> | undefined;
  /** Octets put after the last field of tbsCertificate. */
  readonly more?: Uint8Array | undefined;
}

export function certificateDer(input: CertificateInput): Uint8Array {
  const version = input.version ?? 3;
  const { serial, key, extensions, raw = {} } = input;
  const usual: Record<TbsField, Uint8Array | null> = {
    version: version === 1 ? null : contextTagged(0, integer(version - 1)),
    serialNumber: serial instanceof Uint8Array ? unsignedInteger(serial) : integer(serial),
    signature: innerAlgorithmOf(input),
    issuer: nameOf(input.issuer),
    validity: sequence(timeOf(input.notBefore), timeOf(input.notAfter)),
    subject: nameOf(input.subject),
    subjectPublicKeyInfo: key instanceof Uint8Array ? key : key.spki,
    issuerUniqueID: null,
    subjectUniqueID: null,
    extensions: extensions.length === 0 ? null : contextTagged(3, sequence(...extensions))
  };
  const fields = tbsFields.flatMap(field => {
    const octets = raw[field] === undefined ? usual[field] : raw[field];
    return octets === null ? [] : [octets];
  });
  return assemble(sequence(...fields, ...(input.more === undefined ? [] : [input.more])), input);
}

function timeOf(moment: Date | Uint8Array): Uint8Array {
  return moment instanceof Uint8Array ? moment : time(moment);
}
