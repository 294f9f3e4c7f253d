/**
 * The one catalogue of answers. Every refusal, by whatever interface, is an entry of this table; HTTP status and
 * SEC status appear nowhere else. The handbook page `ra/README.md` repeats it and a test compares the two.
 */

/** Status of SEC Appendix M, Appendix A. */
export const adHocStatuses = [
  'SUCCESS',
  'UNKNOWN_DEVICE',
  'ISSUANCE_ANOMALY',
  'CSR_ERROR',
  'CA_ERROR',
  'FORMAT_ERROR',
  'WORKFLOW_ERROR'
] as const;
export type AdHocStatus = (typeof adHocStatuses)[number];

export type RaCode =
  | 'client/missing'
  | 'client/not-valid'
  | 'client/revoked'
  | 'client/status-unknown'
  | 'client/not-registered'
  | 'client/interface'
  | 'party/not-active'
  | 'party/not-authorised'
  | 'client/acting-role'
  | 'rate/ceiling'
  | 'message/content-type'
  | 'message/too-large'
  | 'message/unreadable'
  | 'message/schema'
  | 'message/version'
  | 'request/R1'
  | 'request/R2'
  | 'request/R3'
  | 'request/R4'
  | 'request/R5'
  | 'request/R6'
  | 'request/R7'
  | 'request/R8'
  | 'request/R16'
  | 'identifier/not-held'
  | 'identifier/role'
  | 'device/unknown'
  | 'device/limit'
  | 'device/ineligible'
  | 'device/status-unavailable'
  | 'request/duplicate'
  | 'key/owned'
  | 'approval/required'
  | 'idempotency/missing'
  | 'idempotency/reused'
  | 'resource/not-found'
  | 'resource/conflict'
  | 'batch/message'
  | 'batch/too-many'
  | 'batch/unknown'
  | 'batch/query'
  | 'batch/expired'
  | 'batch/upload'
  | 'batch/not-readable'
  | 'batch/not-stored'
  | 'batch/busy'
  | 'batch/not-complete'
  | 'archive/form'
  | 'archive/method'
  | 'archive/name'
  | 'archive/duplicate'
  | 'archive/size'
  | 'archive/damaged'
  | 'ca/not-claimed'
  | 'ca/pending'
  | 'ca/refused'
  | 'statement/unavailable'
  | 'checker/unavailable'
  | 'overloaded'
  | 'database/unavailable'
  | 'audit/unavailable'
  | 'internal';

export interface CodeEntry {
  /** `Status` element of the ad hoc web service. */
  readonly status: Exclude<AdHocStatus, 'SUCCESS'>;
  /** `ErrorCode` element: `[A-Z]{2}:[A-Za-z0-9]+`, at most 10 characters. The part after the colon is ours. */
  readonly errorCode: `${'UD' | 'CA' | 'CR' | 'FM' | 'WF'}:${string}`;
  /** HTTP status of the JSON interfaces. */
  readonly http: number;
  /** Whether the same request may succeed later without the client changing anything. */
  readonly retryable: boolean;
  /** `ErrorText` element and problem title: what is wrong, without facts of the request. */
  readonly text: string;
  /** What the client does next. */
  readonly action: string;
}

const resend = 'send the same request again later';
const correct = 'correct the request and send it again';
const desk = 'report to the service desk';

export const codes: Readonly<Record<RaCode, CodeEntry>> = {
  'client/missing': {
    status: 'WORKFLOW_ERROR',
    errorCode: 'WF:IF1',
    http: 401,
    retryable: false,
    text: 'No client certificate was presented',
    action: 'connect with the IKI certificate of the Authorised System'
  },
  'client/not-valid': {
    status: 'WORKFLOW_ERROR',
    errorCode: 'WF:IF2',
    http: 403,
    retryable: false,
    text: 'The client certificate is not a valid IKI certificate',
    action: desk
  },
  'client/revoked': {
    status: 'WORKFLOW_ERROR',
    errorCode: 'WF:IF3',
    http: 403,
    retryable: false,
    text: 'The client certificate is revoked',
    action: desk
  },
  'client/status-unknown': {
    status: 'WORKFLOW_ERROR',
    errorCode: 'WF:IF4',
    http: 503,
    retryable: true,
    text: 'The status of the client certificate cannot be established',
    action: resend
  },
  'client/not-registered': {
    status: 'WORKFLOW_ERROR',
    errorCode: 'WF:IF5',
    http: 403,
    retryable: false,
    text: 'The client certificate belongs to no registered Authorised System',
    action: desk
  },
  'client/interface': {
    status: 'WORKFLOW_ERROR',
    errorCode: 'WF:IF6',
    http: 403,
    retryable: false,
    text: 'The Authorised System is not registered for this interface',
    action: desk
  },
  'party/not-active': {
    status: 'WORKFLOW_ERROR',
    errorCode: 'WF:PA1',
    http: 403,
    retryable: false,
    text: 'The party is suspended or expelled',
    action: desk
  },
  'party/not-authorised': {
    status: 'WORKFLOW_ERROR',
    errorCode: 'WF:PA2',
    http: 403,
    retryable: false,
    text: 'The party is not an Authorised Subscriber for such certificates',
    action: desk
  },
  'client/acting-role': {
    status: 'WORKFLOW_ERROR',
    errorCode: 'WF:PA3',
    http: 403,
    retryable: false,
    text: 'The Authorised System does not act in a role that may use this interface',
    action: desk
  },
  'rate/ceiling': {
    status: 'WORKFLOW_ERROR',
    errorCode: 'WF:RT1',
    http: 429,
    retryable: true,
    text: 'The party sends more requests than the interface carries',
    action: 'slow down, then send the same request again'
  },
  'message/content-type': {
    status: 'FORMAT_ERROR',
    errorCode: 'FM:XM1',
    http: 415,
    retryable: false,
    text: 'The content type is not the one of this interface',
    action: correct
  },
  'message/too-large': {
    status: 'FORMAT_ERROR',
    errorCode: 'FM:XM2',
    http: 413,
    retryable: false,
    text: 'The message is larger than the interface takes',
    action: correct
  },
  'message/unreadable': {
    status: 'FORMAT_ERROR',
    errorCode: 'FM:XM3',
    http: 400,
    retryable: false,
    text: 'The message cannot be read',
    action: correct
  },
  'message/schema': {
    status: 'FORMAT_ERROR',
    errorCode: 'FM:XM4',
    http: 400,
    retryable: false,
    text: 'The message does not follow its schema',
    action: correct
  },
  'message/version': {
    status: 'FORMAT_ERROR',
    errorCode: 'FM:XM5',
    http: 400,
    retryable: false,
    text: 'The message version is not served here',
    action: correct
  },
  'request/R1': {
    status: 'CSR_ERROR',
    errorCode: 'CR:R1',
    http: 422,
    retryable: false,
    text: 'The certificate signing request cannot be decoded',
    action: correct
  },
  'request/R2': {
    status: 'CSR_ERROR',
    errorCode: 'CR:R2',
    http: 422,
    retryable: false,
    text: 'The version of the certificate signing request is not 0',
    action: correct
  },
  'request/R3': {
    status: 'CSR_ERROR',
    errorCode: 'CR:R3',
    http: 422,
    retryable: false,
    text: 'The public key is not of the kind the profile demands',
    action: correct
  },
  'request/R4': {
    status: 'CSR_ERROR',
    errorCode: 'CR:R4',
    http: 422,
    retryable: false,
    text: 'The signature of the certificate signing request does not verify with its own key',
    action: correct
  },
  'request/R5': {
    status: 'CSR_ERROR',
    errorCode: 'CR:R5',
    http: 422,
    retryable: false,
    text: 'The requested extensions are not those of a certificate profile',
    action: correct
  },
  'request/R6': {
    status: 'CSR_ERROR',
    errorCode: 'CR:R6',
    http: 422,
    retryable: false,
    text: 'An extension that the profile has no place for is asked for',
    action: correct
  },
  'request/R7': {
    status: 'CSR_ERROR',
    errorCode: 'CR:R7',
    http: 422,
    retryable: false,
    text: 'The subject is not that of a device',
    action: correct
  },
  'request/R8': {
    status: 'CSR_ERROR',
    errorCode: 'CR:R8',
    http: 422,
    retryable: false,
    text: 'The subject is not that of an organisation or system',
    action: correct
  },
  'request/R16': {
    status: 'CSR_ERROR',
    errorCode: 'CR:R16',
    http: 422,
    retryable: false,
    text: 'The public key is weak',
    action: 'make a new key pair and send a new request'
  },
  'identifier/not-held': {
    status: 'CSR_ERROR',
    errorCode: 'CR:R9',
    http: 403,
    retryable: false,
    text: 'The identifier in the request is not held by the party',
    action: correct
  },
  'identifier/role': {
    status: 'CSR_ERROR',
    errorCode: 'CR:R10',
    http: 403,
    retryable: false,
    text: 'The identifier is not registered for the Remote Party Role in the request',
    action: correct
  },
  'device/unknown': {
    status: 'UNKNOWN_DEVICE',
    errorCode: 'UD:R13',
    http: 409,
    retryable: false,
    text: 'No certificate was issued before for this device',
    action: 'ask for the first certificates through the batched or portal interface'
  },
  'device/limit': {
    status: 'ISSUANCE_ANOMALY',
    errorCode: 'CA:R12',
    http: 409,
    retryable: false,
    text: 'The limit of certificates for this device is reached',
    action: desk
  },
  'device/ineligible': {
    status: 'WORKFLOW_ERROR',
    errorCode: 'WF:R11',
    http: 403,
    retryable: false,
    text: 'The party is not an Eligible Subscriber for this device',
    action: desk
  },
  'device/status-unavailable': {
    status: 'WORKFLOW_ERROR',
    errorCode: 'WF:R11U',
    http: 503,
    retryable: true,
    text: 'The status of the device cannot be established',
    action: resend
  },
  'request/duplicate': {
    status: 'CSR_ERROR',
    errorCode: 'CR:9999',
    http: 409,
    retryable: false,
    text: 'Request for duplicate certificate not permitted',
    action: 'use the certificate already issued, or make a new key pair'
  },
  'key/owned': {
    status: 'CSR_ERROR',
    errorCode: 'CR:R15',
    http: 409,
    retryable: false,
    text: 'The public key is in use for another subject or usage',
    action: 'make a new key pair and send a new request'
  },
  'approval/required': {
    status: 'WORKFLOW_ERROR',
    errorCode: 'WF:AP1',
    http: 403,
    retryable: false,
    text: 'Such certificates need the approval of two officers',
    action: desk
  },
  'idempotency/missing': {
    status: 'FORMAT_ERROR',
    errorCode: 'FM:IK1',
    http: 400,
    retryable: false,
    text: 'The Idempotency-Key header is missing or malformed',
    action: correct
  },
  'idempotency/reused': {
    status: 'FORMAT_ERROR',
    errorCode: 'FM:IK2',
    http: 422,
    retryable: false,
    text: 'The Idempotency-Key was used with another request',
    action: 'use a new Idempotency-Key'
  },
  'resource/not-found': {
    status: 'WORKFLOW_ERROR',
    errorCode: 'WF:NF1',
    http: 404,
    retryable: false,
    text: 'There is no such resource',
    action: correct
  },
  'resource/conflict': {
    status: 'WORKFLOW_ERROR',
    errorCode: 'WF:CF1',
    http: 409,
    retryable: false,
    text: 'The resource conflicts with one that exists',
    action: correct
  },
  'batch/message': {
    status: 'FORMAT_ERROR',
    errorCode: 'FM:AA1',
    http: 400,
    retryable: false,
    text: 'The batch is not XML of the schema of a batch',
    action: correct
  },
  'batch/too-many': {
    status: 'FORMAT_ERROR',
    errorCode: 'FM:AA2',
    http: 413,
    retryable: false,
    text: 'The batch holds more requests than the maximum',
    action: 'send the requests in smaller batches'
  },
  'batch/unknown': {
    status: 'FORMAT_ERROR',
    errorCode: 'FM:AA3',
    http: 404,
    retryable: false,
    text: 'Unknown BatchId',
    action: correct
  },
  'batch/query': {
    status: 'FORMAT_ERROR',
    errorCode: 'FM:AA4',
    http: 400,
    retryable: false,
    text: 'The query is not one BatchId',
    action: correct
  },
  'batch/expired': {
    status: 'FORMAT_ERROR',
    errorCode: 'FM:AA5',
    http: 410,
    retryable: false,
    text: 'The results of the batch are not available any more',
    action: 'fetch the certificates from the repository'
  },
  'batch/upload': {
    status: 'FORMAT_ERROR',
    errorCode: 'FM:AA6',
    http: 408,
    retryable: false,
    text: 'The upload broke off or was too slow',
    action: 'send the batch again, without pauses'
  },
  'batch/not-readable': {
    status: 'WORKFLOW_ERROR',
    errorCode: 'WF:BB1',
    http: 503,
    retryable: true,
    text: 'Batches cannot be looked up at the moment',
    action: resend
  },
  'batch/not-stored': {
    status: 'WORKFLOW_ERROR',
    errorCode: 'WF:BB2',
    http: 503,
    retryable: true,
    text: 'The batch cannot be stored at the moment',
    action: resend
  },
  'batch/busy': {
    status: 'WORKFLOW_ERROR',
    errorCode: 'WF:BB3',
    http: 429,
    retryable: true,
    text: 'Too many uploads are under way',
    action: 'wait for the answer to an upload, then send the same request again'
  },
  'batch/not-complete': {
    status: 'WORKFLOW_ERROR',
    errorCode: 'WF:BB4',
    http: 409,
    retryable: false,
    text: 'The batch is not completed',
    action: 'fetch the results when the batch is completed'
  },
  'archive/form': {
    status: 'FORMAT_ERROR',
    errorCode: 'FM:ZP1',
    http: 400,
    retryable: false,
    text: 'The archive is not one plain ZIP file of requests',
    action: correct
  },
  'archive/method': {
    status: 'FORMAT_ERROR',
    errorCode: 'FM:ZP2',
    http: 400,
    retryable: false,
    text: 'The archive is encrypted or packed by another method than deflate',
    action: correct
  },
  'archive/name': {
    status: 'FORMAT_ERROR',
    errorCode: 'FM:ZP3',
    http: 400,
    retryable: false,
    text: 'A name is not that of a file that belongs there',
    action: correct
  },
  'archive/duplicate': {
    status: 'FORMAT_ERROR',
    errorCode: 'FM:ZP4',
    http: 400,
    retryable: false,
    text: 'Two files in the archive have one name',
    action: correct
  },
  'archive/size': {
    status: 'FORMAT_ERROR',
    errorCode: 'FM:ZP5',
    http: 413,
    retryable: false,
    text: 'A file in the archive is larger than a request',
    action: correct
  },
  'archive/damaged': {
    status: 'FORMAT_ERROR',
    errorCode: 'FM:ZP6',
    http: 400,
    retryable: false,
    text: 'A file in the archive is not what its headers say',
    action: correct
  },
  'ca/not-claimed': {
    status: 'CA_ERROR',
    errorCode: 'CA:CA1',
    http: 503,
    retryable: true,
    text: 'The certification authority did not take the request in time',
    action: resend
  },
  'ca/pending': {
    status: 'CA_ERROR',
    errorCode: 'CA:CA2',
    http: 503,
    retryable: true,
    text: 'The certification authority has not answered yet',
    action: 'send the same request again to receive its result'
  },
  'ca/refused': {
    status: 'CA_ERROR',
    errorCode: 'CA:CA3',
    http: 503,
    retryable: true,
    text: 'The certification authority could not issue the certificate',
    action: resend
  },
  'statement/unavailable': {
    status: 'CA_ERROR',
    errorCode: 'CA:HS1',
    http: 503,
    retryable: true,
    text: 'The request cannot be authorised at the moment',
    action: resend
  },
  'checker/unavailable': {
    status: 'CA_ERROR',
    errorCode: 'CA:CK1',
    http: 503,
    retryable: true,
    text: 'The request cannot be checked at the moment',
    action: resend
  },
  overloaded: {
    status: 'CA_ERROR',
    errorCode: 'CA:OV1',
    http: 503,
    retryable: true,
    text: 'More requests are waiting than can be answered in time',
    action: resend
  },
  'database/unavailable': {
    status: 'CA_ERROR',
    errorCode: 'CA:DB1',
    http: 503,
    retryable: true,
    text: 'The registration authority is not available at the moment',
    action: resend
  },
  'audit/unavailable': {
    status: 'CA_ERROR',
    errorCode: 'CA:AU1',
    http: 503,
    retryable: true,
    text: 'The request cannot be recorded at the moment',
    action: resend
  },
  internal: {
    status: 'CA_ERROR',
    errorCode: 'CA:IN1',
    http: 500,
    retryable: false,
    text: 'The registration authority failed',
    action: desk
  }
};
