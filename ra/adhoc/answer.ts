import { escapeXml } from '../../pki/xml/index.js';
import type { Refusal } from '../refusal.js';

/** Head of every answer (SEC Appendix M, Appendix B). */
export interface AnswerHead {
  /** `ID` of the request; `undefined` where its XML could not be read. */
  readonly id: string | undefined;
  readonly build: string;
  readonly transactionId: bigint;
}

export const adHocVersion = '1.0';

export function certificateAnswer(head: AnswerHead, certificate: Uint8Array): string {
  const base64 = Buffer.from(certificate).toString('base64');
  return answer(head, 'SUCCESS', `<Certificate>${base64}</Certificate>`);
}

export function errorAnswer(head: AnswerHead, { entry }: Refusal): string {
  const text = escapeXml(`${entry.text}; ${entry.action}`);
  return answer(
    head,
    entry.status,
    `<Error><ErrorCode>${entry.errorCode}</ErrorCode><ErrorText>${text}</ErrorText></Error>`
  );
}

function answer(head: AnswerHead, status: string, choice: string): string {
  const id = head.id === undefined ? '' : ` ID="${escapeXml(head.id)}"`;
  return (
    `<?xml version="1.0" encoding="UTF-8"?><DeviceCertificateSigningResponse${id}>` +
    `<Version>${adHocVersion}</Version><Build>${escapeXml(head.build)}</Build>` +
    `<TransactionId>${head.transactionId}</TransactionId><Status>${status}</Status>${choice}` +
    '</DeviceCertificateSigningResponse>'
  );
}
