import type { AuditEvent } from '../ops/kit/audit.js';

/** Every audit event of the CA: type and what it says. Identifiers and serials only, no personal data. */
export const auditEvents = {
  'ca.started':
    'a CA process began work: instance, environment, policy version, SHA-256 of the configuration, issuers, RA keys',
  'ca.stopped': 'a CA process ended in good order',
  'ca.order.refused': 'an order was refused as a whole: order, RA key, code',
  'ca.intent.recorded':
    'certificates are about to be signed: order, attempt, domain, how many, SHA-256 over serials and TBS hashes',
  'ca.items.refused': 'items of an order were refused: order, requests with codes',
  'ca.intent.taken-over': 'an order of a process that stopped was taken over: order, attempt, former holder',
  'ca.certificates.issued': 'certificates were signed, verified and recorded: order, attempt, serials',
  'ca.delivery.resumed': 'an order finished by another process, or before a restart, is told: order',
  'ca.serials.abandoned': 'serials will never be used again: order, attempt, serials with reasons',
  'ca.ra-key.stopped': 'an RA key went over its limit and is stopped: key, limit',
  'ca.ra-key.released': 'a person released a stopped RA key: key, actor',
  'ca.crl.intent': 'a revocation list is about to be signed: issuer, number',
  'ca.crl.signed': 'a revocation list was signed, verified and recorded: issuer, number, entries',
  'ca.crl.published': 'a revocation list is about to be published: issuer, number',
  'ca.crl.imported': 'a revocation list made by a ceremony was taken in: issuer, number',
  'ca.alarm.order': 'an order that no configured RA key signed, or two orders under one identifier',
  'ca.alarm.evidence': 'a kept order no longer verifies: the database was changed',
  'ca.alarm.signature': 'the token answered OK with something that is no signature over the linted bytes',
  'ca.alarm.request': 'a request identifier was used for two keys',
  'ca.alarm.conflict': 'the repository or the RA holds other bytes under one identifier',
  'ca.alarm.crl': 'a revocation list was not signed because it would break continuity'
} as const;
export type CaAuditEvent = keyof typeof auditEvents;

interface Actor {
  readonly config: { readonly instance: string };
}

/** An event in the name of this process. */
export function event(type: CaAuditEvent, actor: Actor, facts: AuditEvent['facts']): AuditEvent {
  return { type, actor: actor.config.instance, facts };
}

/** DESIGN: entries of at most 70 characters; an event of the log is bounded at 64 KiB. */
const entriesPerEvent = 500;

/** Events of one type that together list all entries; none for an empty list. */
export function listing(
  type: CaAuditEvent,
  actor: Actor,
  facts: AuditEvent['facts'],
  entries: readonly string[]
): AuditEvent[] {
  const events: AuditEvent[] = [];
  for (let from = 0; from < entries.length; from += entriesPerEvent)
    events.push(event(type, actor, { ...facts, entries: entries.slice(from, from + entriesPerEvent) }));
  return events;
}
