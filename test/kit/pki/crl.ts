/** Revocation lists with any content: complete, delta, scoped, indirect. */
import {
  contextTagged,
  integer,
  sequence,
  sequenceOf,
  time,
  unsignedInteger
} from '../../../pki/der/index.js';
import { day, testMoment, type Entity, type ExtensionChanges } from './entity.js';
import { ext } from './extensions.js';
import type { PkiKey } from './keys.js';
import { nameOf, type NameInput } from './names.js';
import { assemble, innerAlgorithmOf, type SigningInput } from './signed.js';

export interface CrlEntryInput {
  readonly serial: number | bigint | Uint8Array;
  /** Default: ten days before the test moment. */
  readonly date?: Date | Uint8Array;
  /** RFC 5280 5.3.1 code. */
  readonly reason?: number;
  /** certificateIssuer of an indirect list. */
  readonly issuer?: NameInput;
  readonly moreExtensions?: readonly Uint8Array[];
}

export interface CrlInput extends Partial<SigningInput> {
  /** Default: the issuer's subject. */
  readonly name?: NameInput;
  /** Default 1. */
  readonly number?: number | bigint;
  /** Default: a day before the test moment, and a day after; `null` leaves nextUpdate out. */
  readonly thisUpdate?: Date | Uint8Array;
  readonly nextUpdate?: Date | Uint8Array | null;
  readonly entries?: readonly CrlEntryInput[];
  /** 2 unless told otherwise. */
  readonly version?: 1 | 2;
  /** By name: octets replace a default one (authorityKeyIdentifier, crlNumber) or add one, `null` takes it away. */
  readonly extensions?: ExtensionChanges;
  readonly moreExtensions?: readonly Uint8Array[];
}

/** A list signed by `issuer`: complete unless the extensions say otherwise. */
export function crlDer(issuer: Pick<Entity, 'key' | 'subject'>, input: CrlInput = {}): Uint8Array {
  const signing: SigningInput = { ...input, signer: input.signer ?? issuer.key };
  const extensions = listExtensions(issuer.key, input);
  const { entries = [], nextUpdate } = input;
  const signed = sequence(
    ...(input.version === 1 ? [] : [integer(1)]),
    innerAlgorithmOf(signing),
    nameOf(input.name ?? issuer.subject),
    timeOf(input.thisUpdate ?? new Date(testMoment.getTime() - day)),
    ...(nextUpdate === null ? [] : [timeOf(nextUpdate ?? new Date(testMoment.getTime() + day))]),
    ...(entries.length === 0 ? [] : [sequenceOf(entries.map(entryDer))]),
    ...(extensions.length === 0 ? [] : [contextTagged(0, sequence(...extensions))])
  );
  return assemble(signed, signing);
}

function listExtensions(key: PkiKey, input: CrlInput): Uint8Array[] {
  const defaults: ExtensionChanges = {
    authorityKeyIdentifier: ext.authorityKeyIdentifier(key.keyId),
    crlNumber: ext.crlNumber(input.number ?? 1)
  };
  const named = Object.values({ ...defaults, ...input.extensions }).filter(octets => octets !== null);
  return [...named, ...(input.moreExtensions ?? [])];
}

function entryDer({ serial, date, reason, issuer, moreExtensions = [] }: CrlEntryInput): Uint8Array {
  const extensions = [
    ...(reason === undefined ? [] : [ext.reasonCode(reason)]),
    ...(issuer === undefined ? [] : [ext.certificateIssuer([issuer])]),
    ...moreExtensions
  ];
  return sequence(
    serial instanceof Uint8Array ? unsignedInteger(serial) : integer(serial),
    timeOf(date ?? new Date(testMoment.getTime() - 10 * day)),
    ...(extensions.length === 0 ? [] : [sequence(...extensions)])
  );
}

function timeOf(moment: Date | Uint8Array): Uint8Array {
  return moment instanceof Uint8Array ? moment : time(moment);
}
