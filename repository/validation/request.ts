import { z } from 'zod';
import { decodeStrictBase64, IdentifierError, parseEui64, type Eui64 } from '../../pki/index.js';
import { receiptRevocations, type ReceiptRevocation } from '../../pki/messages/index.js';
import { smkiPurposes, type SmkiPurpose } from '../../pki/verify/index.js';
import { RepositoryError } from '../errors.js';
import { readJson } from '../http/read-json.js';
import { parseSerial } from '../store/serial.js';

/**
 * DESIGN: 16 KiB. A certificate here has at most 8 KiB (as `pki/messages` bounds those that are published), in Base64
 * eleven; less and one with long names is not taken, more is memory for whoever sends rubbish.
 */
export const maxValidationOctets = 16 * 1024;

const base64 = z
  .string()
  .min(4)
  .max(11_000)
  .regex(/^[A-Za-z0-9+/]+={0,2}$/);

/** The body of `POST /validate/v1`. */
export const validationRequest = z
  .strictObject({
    certificate: base64.optional().meta({ description: 'DER certificate, Base64' }),
    issuer: base64
      .optional()
      .meta({ description: 'with serial, in the place of certificate: DER Name of the issuer, Base64' }),
    serial: z
      .string()
      .regex(/^[0-9A-Fa-f]{1,40}$/)
      .optional()
      .meta({ description: 'hexadecimal' }),
    purpose: z
      .enum(smkiPurposes as readonly [SmkiPurpose, ...SmkiPurpose[]])
      .optional()
      .meta({ description: 'what the certificate is wanted for; without, every profile is taken' }),
    role: z.int().min(0).max(255).optional().meta({ description: 'Remote Party Role, decimal' }),
    entity: z
      .string()
      .regex(/^[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){7}$/)
      .optional()
      .meta({ description: 'EUI-64 the certificate must be of' }),
    time: z.iso
      .datetime()
      .optional()
      .meta({ description: 'moment that is judged, ISO 8601 in UTC; without, now' }),
    revocation: z.enum(receiptRevocations).default('chain').meta({
      description: 'whose status is asked for: nobody’s, the certificate’s, everybody’s below the anchor'
    })
  })
  .refine(
    ({ certificate, issuer, serial }) =>
      (certificate !== undefined) !== (issuer !== undefined && serial !== undefined) &&
      (certificate === undefined || (issuer === undefined && serial === undefined)),
    { message: 'either certificate, or issuer and serial' }
  );

/** What is asked, read. */
export interface ValidationQuestion {
  /** DER, or how the repository knows it: DER Name and the serial number as its column holds it. */
  readonly subject:
    { readonly certificate: Uint8Array } | { readonly issuer: Uint8Array; readonly serial: string };
  readonly purpose: SmkiPurpose | undefined;
  readonly role: number | undefined;
  readonly entity: Eui64 | undefined;
  readonly at: Date;
  readonly revocation: ReceiptRevocation;
}

/** How far from now a moment may lie that is asked about, in milliseconds. */
export interface TimePolicy {
  readonly maxPastMs: number;
  readonly maxAheadMs: number;
}

/** Reads the body. Throws `repository/malformed`, and `repository/time` for a moment beyond the policy. */
export function readQuestion(body: Uint8Array, now: Date, policy: TimePolicy): ValidationQuestion {
  const asked = readJson(validationRequest, body);
  const at = asked.time === undefined ? now : new Date(asked.time);
  const past = now.getTime() - at.getTime();
  if (past > policy.maxPastMs || -past > policy.maxAheadMs)
    throw new RepositoryError('repository/time', 'no answer is given about this moment', {
      earliest: new Date(now.getTime() - policy.maxPastMs).toISOString(),
      latest: new Date(now.getTime() + policy.maxAheadMs).toISOString()
    });
  const { purpose, role, revocation } = asked;
  return { subject: subjectOf(asked), purpose, role, entity: entityOf(asked.entity), at, revocation };
}

function subjectOf({
  certificate,
  issuer,
  serial
}: z.output<typeof validationRequest>): ValidationQuestion['subject'] {
  if (certificate !== undefined) return { certificate: octetsOf(certificate, 'certificate') };
  const number = parseSerial(serial ?? '');
  if (number === undefined) throw new RepositoryError('repository/malformed', 'serial: not a serial number');
  return { issuer: octetsOf(issuer ?? '', 'issuer'), serial: number };
}

function octetsOf(text: string, field: string): Uint8Array {
  const octets = decodeStrictBase64(text);
  if (octets === undefined)
    throw new RepositoryError(
      'repository/malformed',
      `${field}: not Base64 with padding (RFC 4648 section 4)`
    );
  return octets;
}

function entityOf(text: string | undefined): Eui64 | undefined {
  if (text === undefined) return undefined;
  try {
    return parseEui64(text);
  } catch (cause) {
    if (!(cause instanceof IdentifierError)) throw cause;
    throw new RepositoryError('repository/malformed', 'entity: not an EUI-64 of one entity', {}, { cause });
  }
}
