import type { RaContext } from './deps.js';
import type { Intake } from './intake/index.js';
import { asRefusal, Refusal } from './refusal.js';

/**
 * Records a refusal before its answer leaves, and says what the answer is. Where the event cannot be placed, the
 * answer becomes the audit log's fault: a client never learns a decision that is not on record.
 */
export async function recordRefusal(
  deps: RaContext,
  thrown: unknown,
  intake: Intake,
  facts: Readonly<Record<string, string>> = {}
): Promise<Refusal> {
  const refusal = asRefusal(thrown);
  const { client, facts: request } = intake.known;
  const where = { interface: intake.interface, kind: intake.kind, code: refusal.code };
  if (refusal.code === 'internal') deps.log.error({ err: thrown, ...where }, 'request failed');
  else if (refusal.entry.http >= 500)
    deps.log.warn({ err: refusal.cause ?? thrown, ...where }, 'request not served');

  const actor = client?.system.id ?? '-';
  const known: Record<string, string> = { ...where, errorCode: refusal.entry.errorCode, ...facts };
  if (refusal.detail !== undefined) known['detail'] = refusal.detail;
  if (client !== undefined) known['party'] = client.party.id;
  if (client === undefined && intake.peer !== undefined)
    known['certificate'] = Buffer.from(intake.peer.sha256).toString('hex');
  if (request !== undefined) {
    known['requestHash'] = Buffer.from(request.requestHash).toString('hex');
    known['publicKeyHash'] = Buffer.from(request.publicKeyHash).toString('hex');
  }
  const events = [{ type: 'ra.request.refused', actor, facts: known }];
  if (refusal.code === 'key/owned') {
    deps.measures.alarms.inc({ kind: 'key' });
    events.push({ type: 'ra.alarm.key', actor, facts: known });
  }
  try {
    await deps.audit.append(events);
  } catch (cause) {
    deps.log.error({ err: cause, ...where }, 'refusal not recorded');
    return new Refusal('audit/unavailable', undefined, { cause });
  }
  return refusal;
}
