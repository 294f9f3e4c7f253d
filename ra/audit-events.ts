import { batchAuditEvents } from './batch/audit-events.js';

/** Every kind of event the RA records; closed. Facts are identifiers, codes and hashes, never personal data. */
export const auditEvents = {
  'ra.started':
    'A registration authority process began to serve: environment, policy version, SHA-256 of the configuration',
  'ra.request.refused': 'A certificate request was refused by an intake check or could not be served',
  'ra.request.accepted': 'A certificate request was accepted: its key and its place are reserved',
  'ra.request.attached': 'A certificate request sent again was joined to the request it repeats',
  'ra.order.signed': 'An order was signed and stored for the certification authority to claim',
  'ra.order.cancelled': 'An order that no certification authority claimed was withdrawn',
  'ra.order.reported': 'The certification authority reported the outcomes of an order',
  'ra.order.reported-again': 'A report that stands was received again',
  'ra.certificate.issued': 'A certificate was received for a request',
  'ra.request.ca-refused': 'The certification authority refused a request',
  'ra.certificate.delivered': 'A certificate was handed to the system that asked for it',
  'ra.alarm.report': 'A report does not agree with the order or with an earlier report',
  'ra.alarm.key': 'A public key was offered for another subject or usage than the one that owns it',
  'ra.rate.exceeded': 'A party exceeded the rate of its class',
  'ra.party.registered': 'A party was registered',
  'ra.party.changed': 'The state or the authorisations of a party were changed',
  'ra.identifier.registered': 'An identifier was bound to a party',
  'ra.system.registered': 'An Authorised System was registered and its certificate ordered',
  'ra.system.changed': 'The state of an Authorised System was changed',
  'ra.client.bound': 'A client certificate was bound to an Authorised System',
  'ra.admin.refused': 'An administrative request was refused',
  ...batchAuditEvents
} as const;

export type RaAuditEvent = keyof typeof auditEvents;
