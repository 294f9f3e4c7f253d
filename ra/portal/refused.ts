import type { Caller } from '../batch/client.js';
import { SpoolFull } from '../batch/spool.js';
import type { RaContext } from '../deps.js';
import { asRefusal, Refusal } from '../refusal.js';
import { ArchiveError } from './archive-error.js';

/**
 * Records the refusal of an upload or a query before its answer leaves, and says what the answer is; the audit log's
 * own fault where the event cannot be placed.
 */
export async function recordPortalRefusal(
  deps: RaContext,
  thrown: unknown,
  { client, peer }: Caller,
  kind: 'submit' | 'report' | 'response'
): Promise<Refusal> {
  const refusal = refusalOf(thrown);
  const { code, detail, entry } = refusal;
  if (entry.http >= 500) deps.log.warn({ err: thrown, code, kind }, 'portal request not served');
  if (kind === 'submit') deps.batch.measures.uploads.inc({ outcome: code });
  const facts: Record<string, string> = { what: `portal-${kind}`, code, errorCode: entry.errorCode };
  if (detail !== undefined) facts['detail'] = detail;
  if (client !== undefined) facts['party'] = client.party.id;
  else if (peer !== undefined) facts['certificate'] = Buffer.from(peer.sha256).toString('hex');
  try {
    await deps.audit.append([{ type: 'ra.batch.refused', actor: client?.system.id ?? '-', facts }]);
  } catch (cause) {
    deps.log.error({ err: cause, code }, 'refusal not recorded');
    return new Refusal('audit/unavailable', undefined, { cause });
  }
  return refusal;
}

function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof ArchiveError) {
    const code = thrown.code === 'archive/count' ? 'batch/too-many' : thrown.code;
    return new Refusal(code, thrown.detail, { cause: thrown });
  }
  if (thrown instanceof SpoolFull) return new Refusal('message/too-large', undefined, { cause: thrown });
  // A spool on a full or broken disk is no fault of the archive, and passes.
  if (thrown instanceof Error && 'syscall' in thrown && ofFiles.has(thrown.syscall))
    return new Refusal('batch/not-stored', undefined, { cause: thrown });
  return asRefusal(thrown);
}

/** System calls of the spool's files; those of a connection to the database are others. */
const ofFiles: ReadonlySet<unknown> = new Set(['open', 'unlink', 'write', 'read', 'fsync']);
