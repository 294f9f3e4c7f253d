import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { AuditEvent } from '../../ops/kit/audit.js';
import {
  encodeReceipt,
  receiptJson,
  signedReceiptJson,
  type Receipt,
  type ReceiptJson,
  type SignedReceiptJson
} from '../../pki/messages/index.js';
import { auditEvent } from '../audit.js';
import { asRepositoryError, RepositoryError } from '../errors.js';
import { isEncoded, mediaType, readBody as readRequestBody } from '../http/body.js';
import { isFault } from '../http/problem.js';
import { readBody } from '../query/body.js';
import type { ValidationContext } from './context.js';
import { judge } from './judge.js';
import { maxValidationOctets, readQuestion, type ValidationQuestion } from './request.js';

/** The body of an answer: what the receipt says, the receipt itself, and where the audit log has the event. */
export interface ValidationAnswer extends ReceiptJson {
  readonly receipt: SignedReceiptJson;
  readonly auditReference: string;
}

/** Names the operation in metrics and events. */
export const validateOperation = 'validate';

/**
 * Answers one question. In this order: who asks, form, current authorities and lists, certificate, verdict, receipt,
 * event. The event is on stable storage before the answer leaves; whatever fails on our side is 503 and says nothing
 * about the certificate. Throws `RepositoryError`, its event recorded.
 */
export async function answerValidation(
  context: ValidationContext,
  apiKey: string | null,
  request: IncomingMessage
): Promise<ValidationAnswer> {
  let caller = '-';
  let body: Uint8Array | undefined;
  try {
    const identified = await context.apiKeys.identify(apiKey ?? '');
    if (identified === undefined)
      throw new RepositoryError('repository/api-key', 'API key missing or not known');
    caller = identified;
    if (mediaType(request) !== 'application/json' || isEncoded(request))
      throw new RepositoryError('repository/content-type', 'the request must be application/json');
    body = await readRequestBody(request, maxValidationOctets);
    const { receipt, signed } = await answerQuestion(context, body);
    const auditReference = await context.audit.append([answeredEvent(caller, receipt, signed.bytes)]);
    context.metrics.verdicts.inc({ verdict: receipt.verdict.valid ? 'valid' : receipt.verdict.code });
    return { ...receiptJson(receipt), receipt: signedReceiptJson(signed, receipt.keyId), auditReference };
  } catch (error) {
    const refusal = asRepositoryError(error);
    await recordRefusal(context, caller, refusal, body);
    throw refusal;
  }
}

async function answerQuestion(
  context: ValidationContext,
  body: Uint8Array
): Promise<{ receipt: Receipt; signed: { bytes: Uint8Array; signature: Uint8Array } }> {
  const { config, statementSigner, clock } = context;
  const now = clock.now();
  const question = readQuestion(body, now, config);
  const trust = await context.trust.current();
  const certificate = await certificateOf(context, question);
  const judged = judge(trust, certificate, question, {
    policy: config.policy,
    verifyPoint: context.verifyPoint
  });
  const receipt: Receipt = {
    environment: config.environment,
    keyId: statementSigner.keyId,
    policyVersion: config.policy.version,
    answeredAt: now,
    requestSha256: hash('sha256', body, 'buffer'),
    question: {
      purpose: question.purpose ?? '',
      role: question.role,
      entity: question.entity,
      at: question.at,
      revocation: question.revocation
    },
    ...judged
  };
  const bytes = encodeReceipt(receipt);
  const began = performance.now();
  const signature = await statementSigner.sign(bytes);
  context.metrics.signSeconds.observe((performance.now() - began) / 1_000);
  return { receipt, signed: { bytes, signature } };
}

/** The octets asked about: as sent, or as the repository holds them under that issuer and serial number. */
async function certificateOf(
  context: ValidationContext,
  { subject }: ValidationQuestion
): Promise<Uint8Array> {
  if ('certificate' in subject) return subject.certificate;
  for (const row of await context.certificates.bySerial.find(subject.serial)) {
    const certificate = await readBody(context, row);
    if (Buffer.compare(certificate.issuer.der, subject.issuer) === 0) return certificate.der;
  }
  throw new RepositoryError(
    'repository/unknown-certificate',
    'no certificate of this issuer and serial number'
  );
}

function answeredEvent(caller: string, receipt: Receipt, statement: Uint8Array): AuditEvent {
  const { verdict, path, lists, question } = receipt;
  return auditEvent('repository.validation.answered', caller, {
    verdict: verdict.valid ? 'valid' : verdict.code,
    certificate: hex(path[0]?.sha256),
    purpose: question.purpose,
    at: question.at.toISOString(),
    revocation: question.revocation,
    lists: lists.map(({ number }) => number.toString()),
    request: hex(receipt.requestSha256),
    receipt: hash('sha256', statement, 'hex')
  });
}

/** Where not even the refusal can be recorded, that is what is answered. */
async function recordRefusal(
  context: ValidationContext,
  caller: string,
  { code }: RepositoryError,
  body: Uint8Array | undefined
): Promise<void> {
  if (code === 'repository/audit-unavailable') return;
  if (code === 'repository/api-key') {
    await context.strangers.refused(validateOperation);
    return;
  }
  const ours = isFault(code);
  await context.audit.append([
    auditEvent(ours ? 'repository.validation.failed' : 'repository.validation.refused', caller, {
      code,
      // What was asked, without keeping a stranger's text.
      request: body === undefined ? null : hash('sha256', body, 'hex')
    })
  ]);
}

function hex(octets: Uint8Array | undefined): string {
  return Buffer.from(octets ?? []).toString('hex');
}
