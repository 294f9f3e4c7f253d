import { MessageError, MessageReader, MessageWriter } from './codec.js';
import { environments, type Environment } from './environment.js';
import { statementPrefixes } from './statement.js';

/**
 * What the validation service says it answered: question, verdict, path and lists, signed with its statement key
 * over these exact bytes. Whoever holds the key's public part can check it years later without the service.
 */
export interface Receipt {
  readonly environment: Environment;
  /** SHA-256 of the SubjectPublicKeyInfo of the key that signs, 32 octets. */
  readonly keyId: Uint8Array;
  /** Version of the policy that was judged by, 64 lower-case hexadecimal digits. */
  readonly policyVersion: string;
  /** When the answer was made. */
  readonly answeredAt: Date;
  /** SHA-256 of the request's body as it was received, 32 octets. */
  readonly requestSha256: Uint8Array;
  readonly question: ReceiptQuestion;
  readonly verdict: ReceiptVerdict;
  /** The certificates of the path, the one asked about first; of a refusal as far as it got. Never empty. */
  readonly path: readonly ReceiptCertificate[];
  /** The revocation lists that the verdict rests on. */
  readonly lists: readonly ReceiptList[];
}

export interface ReceiptQuestion {
  readonly purpose: string;
  /** Remote Party Role asked for, decimal. */
  readonly role: number | undefined;
  /** EUI-64 asked for. */
  readonly entity: bigint | undefined;
  /** The moment that was judged. */
  readonly at: Date;
  readonly revocation: ReceiptRevocation;
}

export const receiptRevocations = ['none', 'leaf', 'chain'] as const;
/** Whose revocation status was asked for: nobody's, that of the certificate, that of all below the anchor. */
export type ReceiptRevocation = (typeof receiptRevocations)[number];

export interface ReceiptVerdict {
  readonly valid: boolean;
  /** Why it is not valid; empty where it is. */
  readonly code: string;
  /** The certificate at fault: 0 the one asked about, 1 its issuer and so on; 0 where it is valid. */
  readonly depth: number;
  /** One sentence for people; empty where it is valid. */
  readonly message: string;
  /** Certificate profile that was found; empty where none was. */
  readonly profile: string;
  /** Name of the rule by which the dates of the issuers were judged; empty where no profile was found. */
  readonly timeRule: string;
}

export interface ReceiptCertificate {
  /** RFC 4514; empty for a device. */
  readonly subject: string;
  /** Upper-case hexadecimal. */
  readonly serial: string;
  /** Of the DER certificate, 32 octets. */
  readonly sha256: Uint8Array;
}

export interface ReceiptList {
  /** RFC 4514. */
  readonly issuer: string;
  /** cRLNumber, not negative. */
  readonly number: bigint;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** Of the DER list, 32 octets. */
  readonly sha256: Uint8Array;
}

/** A receipt as it is handed out and kept. */
export interface SignedReceipt {
  readonly bytes: Uint8Array;
  /** Raw r‖s, 64 octets, ECDSA P-256 with SHA-256 over `bytes`. */
  readonly signature: Uint8Array;
}

/** The one signature algorithm of a receipt. */
export const receiptAlgorithm = 'ecdsa-p256-sha256';

/** DESIGN: a path has at most ten certificates (RFC 5280 depth 8, target and anchor), each with at most one list. */
const maxPath = 16;
/** DESIGN: names here have below 200 octets; RFC 5280's upper bounds add up to some 1,000. */
const maxText = 1_024;
/** A serial number of 20 octets (RFC 5280 4.1.2.2) in hexadecimal. */
const maxSerial = 40;
/** RFC 5280 5.2.3. */
const maxNumberOctets = 20;

export function encodeReceipt(receipt: Receipt): Uint8Array {
  const { question, verdict, path, lists } = receipt;
  const writer = new MessageWriter(512 + path.length * 160 + lists.length * 160)
    .raw(Buffer.from(statementPrefixes.receipt, 'latin1'))
    .string(receiptAlgorithm)
    .raw(sized(receipt.keyId, 32))
    .string(receipt.environment)
    .string(receipt.policyVersion)
    .date(receipt.answeredAt)
    .raw(sized(receipt.requestSha256, 32))
    .string(question.purpose);
  if (question.role === undefined) writer.u8(0);
  else writer.u8(1).u8(question.role);
  if (question.entity === undefined) writer.u8(0);
  else writer.u8(1).u64(question.entity);
  writer
    .date(question.at)
    .string(question.revocation)
    .u8(verdict.valid ? 1 : 0)
    .string(verdict.code)
    .u8(verdict.depth)
    .string(bounded(verdict.message))
    .string(verdict.profile)
    .string(verdict.timeRule)
    .u32(path.length);
  for (const { subject, serial, sha256 } of path)
    writer.string(bounded(subject)).string(serial).raw(sized(sha256, 32));
  writer.u32(lists.length);
  for (const { issuer, number, thisUpdate, nextUpdate, sha256 } of lists)
    writer
      .string(bounded(issuer))
      .octets(unsigned(number))
      .date(thisUpdate)
      .date(nextUpdate)
      .raw(sized(sha256, 32));
  return writer.finish();
}

/** Reads a receipt whole; throws `MessageError` for everything that `encodeReceipt` would not have written. */
export function decodeReceipt(bytes: Uint8Array): Receipt {
  const reader = new MessageReader(bytes);
  const prefix = Buffer.from(statementPrefixes.receipt, 'latin1');
  if (!prefix.equals(reader.raw(prefix.length, 'type string'))) throw new MessageError('type string', 0);
  if (reader.string('algorithm', 32) !== receiptAlgorithm) throw new MessageError('algorithm', prefix.length);
  const keyId = reader.raw(32, 'key id');
  const environment = oneOf(environments, reader.string('environment', 16), 'environment');
  const policyVersion = reader.string('policy version', 64);
  if (!/^[0-9a-f]{64}$/.test(policyVersion)) throw new MessageError('policy version', 0);
  const answeredAt = reader.date('answered at');
  const requestSha256 = reader.raw(32, 'request digest');
  const purpose = reader.string('purpose', 64);
  const role = flag(reader, 'role') ? reader.u8('role') : undefined;
  const entity = flag(reader, 'entity') ? reader.u64('entity') : undefined;
  const at = reader.date('moment judged');
  const revocation = oneOf(receiptRevocations, reader.string('revocation', 8), 'revocation');
  const valid = flag(reader, 'verdict');
  const verdict: ReceiptVerdict = {
    valid,
    code: reader.string('code', 64),
    depth: reader.u8('depth'),
    message: reader.string('message', maxText),
    profile: reader.string('profile', 64),
    timeRule: reader.string('time rule', 64)
  };
  // A verdict says one thing: valid without a reason, or not valid with one.
  if (valid !== (verdict.code === '') || (valid && (verdict.depth !== 0 || verdict.message !== '')))
    throw new MessageError('verdict', 0);
  const path: ReceiptCertificate[] = [];
  const certificates = reader.count('path', maxPath);
  if (certificates === 0) throw new MessageError('path', 0);
  for (let i = 0; i < certificates; i++)
    path.push({
      subject: reader.string('subject', maxText),
      serial: hexadecimal(reader.string('serial', maxSerial)),
      sha256: reader.raw(32, 'certificate digest')
    });
  const lists: ReceiptList[] = [];
  const count = reader.count('lists', maxPath);
  for (let i = 0; i < count; i++)
    lists.push({
      issuer: reader.string('list issuer', maxText),
      number: numberOf(reader.octets('list number', maxNumberOctets)),
      thisUpdate: reader.date('thisUpdate'),
      nextUpdate: reader.date('nextUpdate'),
      sha256: reader.raw(32, 'list digest')
    });
  reader.end();
  return {
    ...{ environment, keyId, policyVersion, answeredAt, requestSha256 },
    question: { purpose, role, entity, at, revocation },
    ...{ verdict, path, lists }
  };
}

/** Text cut to what a receipt holds: names of anybody's making, and sentences that quote them. */
function bounded(text: string): string {
  let cut = text.slice(0, maxText);
  while (Buffer.byteLength(cut, 'utf8') > maxText) cut = cut.slice(0, -16);
  return cut;
}

function flag(reader: MessageReader, what: string): boolean {
  const value = reader.u8(what);
  if (value > 1) throw new MessageError(`${what} is neither 0 nor 1`, 0);
  return value === 1;
}

function hexadecimal(text: string): string {
  if (!/^(?:[0-9A-F]{2})+$/.test(text)) throw new MessageError('serial is not hexadecimal', 0);
  return text;
}

/** Big-endian without leading zeros; nothing for zero. */
function unsigned(value: bigint): Uint8Array {
  if (value < 0n) throw new RangeError('a list number is not negative');
  const digits = value === 0n ? '' : value.toString(16);
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
}

function numberOf(octets: Uint8Array): bigint {
  if (octets[0] === 0) throw new MessageError('list number has a leading zero', 0);
  return octets.length === 0 ? 0n : BigInt(`0x${Buffer.from(octets).toString('hex')}`);
}

function sized(octets: Uint8Array, length: number): Uint8Array {
  if (octets.length !== length) throw new RangeError(`${octets.length} octets where ${length} belong`);
  return octets;
}

function oneOf<T extends string>(allowed: readonly T[], value: string, what: string): T {
  const found = allowed.find(entry => entry === value);
  if (found === undefined) throw new MessageError(`${what} is not one of ${allowed.join(', ')}`, 0);
  return found;
}
