import { escapeXml } from '../../pki/xml/index.js';
import type { CodeEntry } from '../codes.js';
import type { Refusal } from '../refusal.js';
import { batchVersion } from './message.js';
import type { BatchResult } from './results.js';
import type { BatchState } from './states.js';

/** Head of every answer (SEC Appendix M, Appendices D and E). */
export interface AnswerHead {
  /** `ID` of the submission; `undefined` where it could not be read or is not known. */
  readonly id: string | undefined;
  readonly build: string;
}

type BatchStatus = BatchState | 'FORMAT_ERROR' | 'WORKFLOW_ERROR';

/** The answer to a submission that was stored. */
export function submittedAnswer(head: AnswerHead, batchId: string): string {
  return `${opening('SubmitCSRBatchStatus', head, 'PENDING')}${batchIdElement(batchId)}</SubmitCSRBatchStatus>`;
}

/** The answer to a submission that was refused. */
export function submitErrorAnswer(head: AnswerHead, refusal: Refusal): string {
  return errorAnswer('SubmitCSRBatchStatus', head, refusal);
}

/** The answer to a query of a batch that has no results, or not yet. */
export function stateAnswer(head: AnswerHead, state: BatchState, batchId: string): string {
  return `${opening('CSRBatchResult', head, state)}${batchIdElement(batchId)}</CSRBatchResult>`;
}

export function resultErrorAnswer(head: AnswerHead, refusal: Refusal): string {
  return errorAnswer('CSRBatchResult', head, refusal);
}

/** The answer with the results, in three parts: this, `resultElement` for each request, `resultEnd`. */
export function resultStart(head: AnswerHead, batchId: string): string {
  return opening('CSRBatchResult', head, 'COMPLETED') + batchIdElement(batchId);
}

export const resultEnd = '</CSRBatchResult>';

export function resultElement({ id, status, certificate, errorCode, errorText }: BatchResult): string {
  const choice =
    certificate === undefined
      ? `<Error><ErrorCode>${errorCode ?? ''}</ErrorCode><ErrorText>${escapeXml(errorText ?? '')}</ErrorText></Error>`
      : `<Certificate>${Buffer.from(certificate.buffer, certificate.byteOffset, certificate.length).toString('base64')}</Certificate>`;
  return `<DeviceCertificate ID="${escapeXml(id)}"><Status>${status}</Status>${choice}</DeviceCertificate>`;
}

/** Whether the answer's schema has this status for a whole batch. */
export function isBatchError(status: CodeEntry['status']): status is 'FORMAT_ERROR' | 'WORKFLOW_ERROR' {
  return status === 'FORMAT_ERROR' || status === 'WORKFLOW_ERROR';
}

function errorAnswer(root: string, head: AnswerHead, { entry }: Refusal): string {
  if (!isBatchError(entry.status)) throw new Error(`${entry.status} is no status of a batch`);
  const text = escapeXml(`${entry.text}; ${entry.action}`);
  return (
    opening(root, head, entry.status) +
    `<Error><ErrorCode>${entry.errorCode}</ErrorCode><ErrorText>${text}</ErrorText></Error></${root}>`
  );
}

function opening(root: string, { id, build }: AnswerHead, status: BatchStatus): string {
  const attribute = id === undefined ? '' : ` ID="${escapeXml(id)}"`;
  return (
    `<?xml version="1.0" encoding="UTF-8"?><${root}${attribute}><Version>${batchVersion}</Version>` +
    `<Build>${escapeXml(build)}</Build><BatchStatus>${status}</BatchStatus>`
  );
}

function batchIdElement(batchId: string): string {
  return `<BatchId>${batchId}</BatchId>`;
}
