/** Events of batches; part of the RA's table. */
export const batchAuditEvents = {
  'ra.batch.submitted':
    'A batch was received whole and stored: SHA-256 of the octets received, number of requests, seal over what is stored',
  'ra.batch.refused': 'An upload or a query of a batch was refused; nothing of it is kept',
  'ra.batch.notice': 'A party submitted more requests in 24 hours than it may without notice',
  'ra.batch.approved': 'A batch was approved by an officer or by rule',
  'ra.batch.rejected': 'A batch was rejected by an officer',
  'ra.batch.parsed':
    'The stored content of a batch agrees with its seal; SHA-256 of the digests of its chunks',
  'ra.batch.started': 'Processing of a batch began',
  'ra.batch.paused': 'Processing of a batch stopped until the next window',
  'ra.batch.resumed': 'Processing of a batch goes on',
  'ra.batch.group-decided':
    'A group of a batch was checked: what was accepted is reserved and ordered; SHA-256 of the facts of its requests',
  'ra.batch.group-ordered-again':
    'What is open of a group was ordered again under the same request identifiers',
  'ra.batch.group-settled': 'Outcomes were received for a group of a batch; SHA-256 of the results',
  'ra.batch.completed': 'Every request of a batch has its outcome and the results can be fetched',
  'ra.batch.delivered': 'The results of a batch were handed to a system of its party',
  'ra.batch.erased': 'Content and results of a batch were deleted after their time',
  'ra.alarm.batch': 'The stored content of a batch does not agree with its seal'
} as const;

export type BatchAuditEvent = keyof typeof batchAuditEvents;
