import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { MessageError } from '../../../pki/messages/codec.js';
import type { Environment } from '../../../pki/messages/environment.js';
import { readSignedReceipt, receiptJson } from '../../../pki/messages/receipt-json.js';
import { decodeReceipt, type Receipt, type SignedReceipt } from '../../../pki/messages/receipt.js';
import { verifySignature } from '../../../pki/verify/index.js';
import { CliError } from '../exit.js';

/** Why a receipt does not hold; closed. */
export type ReceiptCode =
  /** The statement is not a receipt of this program's, octet for octet. */
  | 'receipt/malformed'
  /** Another key has signed than those named. */
  | 'receipt/key'
  | 'receipt/signature'
  | 'receipt/environment'
  /** The answer around the receipt says something else than the receipt. */
  | 'receipt/answer'
  /** It is about another certificate. */
  | 'receipt/certificate'
  /** It answers another request. */
  | 'receipt/request'
  /** Its path ends in none of the anchors. */
  | 'receipt/anchor';

export class ReceiptRefused extends Error {
  readonly code: ReceiptCode;
  constructor(code: ReceiptCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ReceiptRefused';
    this.code = code;
  }
}

/** A file as it was read: nothing of it is believed. */
export interface WrittenReceipt extends SignedReceipt {
  readonly keyId: string;
  /** Fields of the answer beside the receipt; undefined where the file holds the receipt alone. */
  readonly answer: Readonly<Record<string, unknown>> | undefined;
}

/** Reads an answer of the service or a receipt by itself. Throws `cli/file` for what is neither. */
export function readReceiptFile(name: string, octets: Uint8Array): WrittenReceipt {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(octets));
  } catch (cause) {
    throw new CliError('cli/file', `${name} is not JSON`, { cause });
  }
  const alone = readSignedReceipt(value);
  if (alone !== undefined) return { ...alone, answer: undefined };
  if (typeof value === 'object' && value !== null && 'receipt' in value) {
    const { receipt, auditReference: _, ...answer } = value as Record<string, unknown>;
    const signed = readSignedReceipt(receipt);
    if (signed !== undefined) return { ...signed, answer };
  }
  throw new CliError('cli/file', `${name} holds no receipt`);
}

/**
 * The receipt that one of the keys has signed, every field of the file that repeats it being the same. Throws
 * `ReceiptRefused`.
 *
 * @param keys DER SubjectPublicKeyInfos of the services that are believed
 */
export function verifyReceipt(
  written: WrittenReceipt,
  {
    keys,
    environment
  }: { readonly keys: readonly Uint8Array[]; readonly environment: Environment | undefined }
): Receipt {
  const receipt = decode(written.bytes);
  const keyId = Buffer.from(receipt.keyId).toString('hex');
  if (keyId !== written.keyId)
    throw new ReceiptRefused('receipt/key', 'it names another key than its statement');
  const key = keys.find(spki => createHash('sha256').update(spki).digest('hex') === keyId);
  if (key === undefined) throw new ReceiptRefused('receipt/key', `the key ${keyId} is none of those named`);
  const { bytes, signature, answer } = written;
  if (!verifySignature({ publicKey: key, data: bytes, signature, format: 'raw' }))
    throw new ReceiptRefused('receipt/signature', 'the signature does not verify');
  if (environment !== undefined && receipt.environment !== environment)
    throw new ReceiptRefused('receipt/environment', `it is of ${receipt.environment}`);
  if (answer !== undefined && !isDeepStrictEqual(answer, receiptJson(receipt)))
    throw new ReceiptRefused('receipt/answer', 'the answer around it says something else');
  return receipt;
}

function decode(bytes: Uint8Array): Receipt {
  try {
    return decodeReceipt(bytes);
  } catch (cause) {
    if (!(cause instanceof MessageError)) throw cause;
    throw new ReceiptRefused('receipt/malformed', cause.message, { cause });
  }
}
