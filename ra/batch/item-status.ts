import { codes, type RaCode } from '../codes.js';

/** Status of a request in the result of its batch (SEC Appendix M, Appendix E). */
export const itemStatuses = [
  'SUCCESS',
  'ISSUANCE_ANOMALY',
  'INELIGIBLE',
  'CSR_ERROR',
  'CA_ERROR',
  'WORKFLOW_ERROR'
] as const;
export type ItemStatus = (typeof itemStatuses)[number];

export interface ItemError {
  readonly status: Exclude<ItemStatus, 'SUCCESS'>;
  readonly errorCode: string;
  readonly errorText: string;
}

/**
 * Codes whose answer differs from the ad hoc service's: that one has no status for a party that is not an Eligible
 * Subscriber (Appendix M, Appendix A), and no batch asks for an earlier certificate.
 */
const ofBatches: Partial<Record<RaCode, Pick<ItemError, 'status' | 'errorCode'>>> = {
  'device/ineligible': { status: 'INELIGIBLE', errorCode: 'IN:R11' }
};

/** The CA's own codes are not the subscriber's business: each is one of these. */
const ofCa: Readonly<Record<string, RaCode>> = {
  'ca/request-in-progress': 'ca/pending'
};

/** What is told of a request that got no certificate, by the RA's code or the CA's. */
export function itemError(code: string): ItemError {
  const known = isRaCode(code) ? code : (ofCa[code] ?? 'ca/refused');
  const { status, errorCode, text, action } = codes[known];
  const error = ofBatches[known] ?? { status: statusOf(status), errorCode };
  return { ...error, errorText: `${text}; ${action}` };
}

function statusOf(status: (typeof codes)[RaCode]['status']): ItemError['status'] {
  // A request of a batch is past its message, and is not asked for an earlier certificate.
  return status === 'FORMAT_ERROR' || status === 'UNKNOWN_DEVICE' ? 'WORKFLOW_ERROR' : status;
}

function isRaCode(code: string): code is RaCode {
  return Object.hasOwn(codes, code);
}
