import type { AuditEvent } from '../kit/audit.js';
import { canonicalFacts } from './canonical.js';
import { maxEntryOctets } from './entry.js';
import { AuditError } from './errors.js';

/** Leaves room for the other members of a line. */
const maxFactsOctets = maxEntryOctets - 2_048;

/**
 * Keys under which personal data or a secret would stand. A log cannot be erased from, so a careless caller is
 * stopped here; pseudonyms go under `party`, `system`, `officer`, never a name.
 */
const deniedKeys: ReadonlySet<string> = new Set(
  [
    ...['name', 'firstName', 'lastName', 'surname', 'givenName', 'fullName', 'personName', 'commonName'],
    ...['address', 'email', 'mail', 'phone', 'telephone', 'dateOfBirth', 'postcode', 'ip', 'remoteAddress'],
    ...['pin', 'password', 'passphrase', 'secret', 'token', 'apiKey', 'authorization', 'cookie'],
    ...['privateKey', 'permit', 'mac', 'key']
  ].map(key => key.toLowerCase())
);

/** Events every log may hold: about the log itself. */
export const logEvents = {
  'audit.log.created': 'The log of this process instance begins.',
  'audit.log.repaired':
    'The last line was cut short by a crash and has been removed; nothing had been answered by it.',
  'audit.log.recovered': 'The log could not be written for a while and can be again.'
} as const satisfies Readonly<Record<string, string>>;

/**
 * Refuses an event type outside the tables, and facts that do not belong in a log: both are defects of ours. Answers
 * the facts in their RFC 8785 form.
 */
export function checkEvent(event: AuditEvent, types: Readonly<Record<string, string>>): string {
  if (!Object.hasOwn(types, event.type) && !Object.hasOwn(logEvents, event.type))
    throw new AuditError('audit/unknown-type', `${event.type} is not in the table of audit events`);
  const canonical = canonicalFacts(event.facts);
  const octets = Buffer.byteLength(canonical);
  if (octets > maxFactsOctets)
    throw new AuditError('audit/facts', `${event.type} would record ${octets} octets of facts`);
  for (const key of Object.keys(event.facts)) {
    if (deniedKeys.has(key.toLowerCase()))
      throw new AuditError('audit/facts', `${event.type} would record a fact named ${key}`);
  }
  return canonical;
}
