/** What the repository records, type to meaning. The closed set: `record` and `append` take nothing else. */
export const auditEvents = {
  'repository.started':
    'A repository process began to serve: environment, policy version, SHA-256 of the configuration.',
  'repository.certificates.published': 'A group of certificates was checked and accepted.',
  'repository.certificates.repeated': 'A group came again with the octets that are already here.',
  'repository.crl.published': 'A revocation list was checked and accepted.',
  'repository.crl.repeated': 'A revocation list came again with the octets that are already here.',
  'repository.publication.refused': 'A publication was refused; nothing of it was stored.',
  'repository.publication.conflict':
    'Alarm: other octets under an identity that is already here (serial number, group or list number).',
  'repository.status.in-use':
    'A device certificate was stated to be in use; its predecessor is not any more.',
  'repository.status.refused': 'A statement about a certificate in use was refused.',
  'repository.store.inconsistent': 'Alarm: a stored row contradicts its certificate; it was not answered.',
  'repository.api-key.added': 'An API key was made.',
  'repository.api-key.revoked': 'An API key was taken out of use.',
  'repository.peer.refused': 'A peer asked for something its name does not permit.',
  'repository.query.search': 'A certificate search was answered.',
  'repository.query.retrieve': 'A certificate was asked for by its serial number.',
  'repository.query.refused':
    'A query was refused: its API key, its form or its size; `before`: refusals for the key since the event before.',
  'repository.query.failed': 'A query could not be answered by a fault of ours.',
  'repository.validation.started':
    'A validation process began to serve: environment, policy version, SHA-256 of the configuration.',
  'repository.validation.answered':
    'A certificate was judged: verdict, SHA-256 of certificate and request, and of the receipt that was signed.',
  'repository.validation.refused': 'A question was refused: its form, its size, its time or its certificate.',
  'repository.validation.failed': 'A question could not be answered by a fault of ours.'
} as const satisfies Record<string, string>;

export type RepositoryAuditType = keyof typeof auditEvents;
