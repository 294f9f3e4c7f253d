import { hash } from 'node:crypto';
import { formatName, parseCertificate, type Policy } from '../../pki/index.js';
import type { ReceiptCertificate, ReceiptList, ReceiptVerdict } from '../../pki/messages/index.js';
import type { PointVerifier, SmkiFailure, SmkiResult } from '../../pki/verify/index.js';
import { RepositoryError } from '../errors.js';
import type { ValidationQuestion } from './request.js';
import type { KnownList, Trust } from './trust.js';

/** A verdict with what it rests on, in the words of a receipt. */
export interface Judged {
  readonly verdict: ReceiptVerdict;
  readonly path: readonly ReceiptCertificate[];
  readonly lists: readonly ReceiptList[];
}

export interface JudgeOptions {
  readonly policy: Policy;
  readonly verifyPoint?: PointVerifier | undefined;
}

/**
 * Judges a certificate. Octets that are no certificate are the client's mistake (`repository/certificate-malformed`) and
 * no verdict; a policy by which nothing can be judged is a fault of ours.
 */
export function judge(
  trust: Trust,
  certificate: Uint8Array,
  { at, revocation, purpose, role, entity }: ValidationQuestion,
  { policy, verifyPoint }: JudgeOptions
): Judged {
  const result = trust.verifier.verify(certificate, {
    ...{ at, revocation, environment: policy, purpose, role, entity, verifyPoint }
  });
  if (!result.valid) refuseUnjudged(result.failure);
  const path = (result.path ?? [certificate]).map(der => describe(der).told);
  return { verdict: verdictOf(result), path, lists: listsOf(result, trust.lists) };
}

function refuseUnjudged({ code, facts }: SmkiFailure): void {
  if (code === 'input/certificate')
    throw new RepositoryError('repository/certificate-malformed', 'not a strict DER certificate', facts);
  if (code.startsWith('input/'))
    throw new RepositoryError('repository/internal', `cannot be judged: ${code}`);
}

function verdictOf(result: SmkiResult): ReceiptVerdict {
  const profile = result.facts?.profile ?? '';
  const timeRule = result.facts?.timeRule ?? '';
  if (result.valid) return { valid: true, code: '', depth: 0, message: '', profile, timeRule };
  const { code, depth, message } = result.failure;
  return { valid: false, code, depth, message, profile, timeRule };
}

/** The lists that decided: those by which each status is good, or the one that a refusal is about. */
function listsOf(result: SmkiResult, known: readonly KnownList[]): ReceiptList[] {
  const path = result.path ?? [];
  const asked = result.valid
    ? result.revocation.flatMap(entry =>
        entry.kind === 'crl' ? [{ depth: entry.depth, number: BigInt(entry.number) }] : []
      )
    : numberIn(result.failure);
  return asked.flatMap(({ depth, number }) => {
    const issuer = path[depth + 1];
    if (issuer === undefined) return [];
    const { name, told } = describe(issuer);
    const list = known.find(entry => entry.number === number && Buffer.compare(entry.issuer, name) === 0);
    if (list === undefined) return [];
    const { thisUpdate, nextUpdate, sha256 } = list;
    return [{ issuer: told.subject, number, thisUpdate, nextUpdate, sha256 }];
  });
}

function numberIn({ depth, facts }: SmkiFailure): { depth: number; number: bigint }[] {
  const number = facts?.['crlNumber'];
  return number === undefined ? [] : [{ depth, number: BigInt(number) }];
}

interface Described {
  readonly told: ReceiptCertificate;
  /** DER of the subject. */
  readonly name: Uint8Array;
}

/** Of authorities, whose octets are the same objects as long as they are known. */
const described = new WeakMap<Uint8Array, Described>();

function describe(der: Uint8Array): Described {
  let known = described.get(der);
  if (known === undefined) {
    const { subject, serialHex } = parseCertificate(der);
    const told = { subject: formatName(subject), serial: serialHex, sha256: hash('sha256', der, 'buffer') };
    described.set(der, (known = { told, name: subject.der }));
  }
  return known;
}
