import { formatEui64 } from '../identifier/index.js';
import { decodeStrictBase64 } from '../x509/pem.js';
import { receiptAlgorithm, type Receipt, type ReceiptRevocation, type SignedReceipt } from './receipt.js';

/** A receipt as JSON: what programs and people read. Dates in ISO 8601, digests in lower-case hexadecimal. */
export interface ReceiptJson {
  readonly environment: string;
  readonly policyVersion: string;
  readonly answeredAt: string;
  readonly requestSha256: string;
  readonly question: {
    readonly purpose: string;
    readonly role?: number;
    /** EUI-64, AA-BB-CC-DD-EE-FF-GG-HH. */
    readonly entity?: string;
    readonly at: string;
    readonly revocation: ReceiptRevocation;
  };
  readonly valid: boolean;
  readonly failure?: { readonly code: string; readonly depth: number; readonly message: string };
  readonly profile?: string;
  readonly timeRule?: string;
  readonly path: readonly { readonly subject: string; readonly serial: string; readonly sha256: string }[];
  readonly lists: readonly {
    readonly issuer: string;
    /** Decimal: a list number has up to 20 octets. */
    readonly number: string;
    readonly thisUpdate: string;
    readonly nextUpdate: string;
    readonly sha256: string;
  }[];
}

/** A signed receipt as JSON. Key and algorithm stand in the statement too, and count there. */
export interface SignedReceiptJson {
  /** Base64. */
  readonly statement: string;
  /** Base64, 64 octets. */
  readonly signature: string;
  readonly algorithm: typeof receiptAlgorithm;
  /** Lower-case hexadecimal. */
  readonly keyId: string;
}

/** The one JSON form of a receipt, in the order of its fields: equal receipts have equal texts. */
export function receiptJson(receipt: Receipt): ReceiptJson {
  const { question, verdict } = receipt;
  const { role, entity } = question;
  return {
    environment: receipt.environment,
    policyVersion: receipt.policyVersion,
    answeredAt: receipt.answeredAt.toISOString(),
    requestSha256: hex(receipt.requestSha256),
    question: {
      purpose: question.purpose,
      ...(role === undefined ? {} : { role }),
      ...(entity === undefined ? {} : { entity: formatEui64(entity) }),
      at: question.at.toISOString(),
      revocation: question.revocation
    },
    valid: verdict.valid,
    ...(verdict.valid
      ? {}
      : { failure: { code: verdict.code, depth: verdict.depth, message: verdict.message } }),
    ...(verdict.profile === '' ? {} : { profile: verdict.profile }),
    ...(verdict.timeRule === '' ? {} : { timeRule: verdict.timeRule }),
    path: receipt.path.map(({ subject, serial, sha256 }) => ({ subject, serial, sha256: hex(sha256) })),
    lists: receipt.lists.map(({ issuer, number, thisUpdate, nextUpdate, sha256 }) => ({
      issuer,
      number: number.toString(),
      thisUpdate: thisUpdate.toISOString(),
      nextUpdate: nextUpdate.toISOString(),
      sha256: hex(sha256)
    }))
  };
}

export function signedReceiptJson({ bytes, signature }: SignedReceipt, keyId: Uint8Array): SignedReceiptJson {
  return {
    statement: base64(bytes),
    signature: base64(signature),
    algorithm: receiptAlgorithm,
    keyId: hex(keyId)
  };
}

/**
 * Reads the JSON of a signed receipt; undefined where it is not one, where a field is missing, doubled in another
 * spelling or of another algorithm. What it says has not been verified.
 */
export function readSignedReceipt(value: unknown): (SignedReceipt & { readonly keyId: string }) | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { statement, signature, algorithm, keyId, ...more } = value as Record<string, unknown>;
  if (typeof statement !== 'string' || typeof signature !== 'string' || typeof keyId !== 'string')
    return undefined;
  if (algorithm !== receiptAlgorithm || Object.keys(more).length > 0) return undefined;
  const bytes = decodeStrictBase64(statement);
  const octets = decodeStrictBase64(signature);
  if (bytes === undefined || octets?.length !== 64) return undefined;
  return { bytes, signature: octets, keyId };
}

function hex(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('hex');
}

function base64(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64');
}
