import { auditEvent } from './audit.js';
import type { RepositoryContext } from './context.js';
import { RepositoryError } from './errors.js';
import type { StoredBody } from './store/certificates.js';
import { rows, type Connection } from './store/prepared.js';
import { formatSerial } from './store/serial.js';
import type { StoredStatus } from './query/status.js';

/** What somebody who may says: this certificate is on its device. */
export interface InUseStatement {
  /** As the column holds it; see `store/serial.ts`. */
  readonly serial: string;
  /** When it was said: an older statement never overrides a newer one, whatever order they arrive in. */
  readonly at: Date;
}

export interface InUseOutcome {
  readonly serial: string;
  /** Serial number of the certificate that is not in use any more; undefined when there was no change. */
  readonly replaced?: string;
}

interface StatusRow {
  certificate: string;
  status: StoredStatus;
  stated_at: Date;
  serial: string;
}

/**
 * Puts a device certificate in use and takes its predecessor out of use, in one transaction. Saying again what
 * is already so is success and moves the statement's time forward.
 */
export async function stateInUse(
  deps: Pick<RepositoryContext, 'database' | 'sql' | 'audit' | 'certificates'>,
  actor: string,
  statement: InUseStatement
): Promise<InUseOutcome> {
  const certificate = await deviceCertificate(deps, statement.serial);
  const { outcome, ticket } = await deps.database.transaction(async trx => {
    const connection = { sql: deps.sql, database: trx };
    // Every certificate of the device and usage is locked, in one order: statements about it follow each other.
    const all = await rows<StatusRow>(
      connection,
      'lock-statuses',
      `select s.certificate, s.status, s.stated_at, c.serial from repository.certificate_status s
       join repository.certificate c on c.id = s.certificate
       where s.device and s.eui = (select eui from repository.certificate_status where certificate = $1::bigint)
         and s.usage = (select usage from repository.certificate_status where certificate = $1::bigint)
       order by s.certificate for update of s`,
      [certificate.id]
    );
    const newest = Math.max(...all.filter(row => row.status !== 'P').map(row => row.stated_at.getTime()));
    if (newest > statement.at.getTime()) {
      throw new RepositoryError('repository/older-statement', 'a newer statement about this device is here', {
        serial: formatSerial(statement.serial),
        newest: new Date(newest).toISOString()
      });
    }
    const current = all.find(row => row.status === 'I' && row.certificate !== certificate.id);
    // Out first: at no moment may two be in use.
    if (current !== undefined) await setStatus(connection, current.certificate, 'N', statement.at);
    await setStatus(connection, certificate.id, 'I', statement.at);
    const serial = formatSerial(statement.serial);
    const done: InUseOutcome =
      current === undefined ? { serial } : { serial, replaced: formatSerial(current.serial) };
    const recorded = await deps.audit.record(trx, [
      auditEvent('repository.status.in-use', actor, {
        serial: done.serial,
        replaced: done.replaced ?? null,
        at: statement.at.toISOString()
      })
    ]);
    return { outcome: done, ticket: recorded };
  });
  await deps.audit.seal(ticket);
  return outcome;
}

async function deviceCertificate(
  deps: Pick<RepositoryContext, 'database' | 'sql' | 'audit' | 'certificates'>,
  serial: string
): Promise<StoredBody> {
  const facts = { serial: formatSerial(serial) };
  const [certificate, second] = await deps.certificates.bySerial.find(serial);
  if (certificate === undefined)
    throw new RepositoryError(
      'repository/unknown-certificate',
      'no certificate has this serial number',
      facts
    );
  if (second !== undefined)
    throw new RepositoryError('repository/ambiguous-serial', 'two issuers gave this serial number', facts);
  if (certificate.kind !== 'device')
    throw new RepositoryError('repository/not-a-device-certificate', 'not a device certificate', facts);
  if (certificate.revoked)
    throw new RepositoryError('repository/revoked', 'the certificate is revoked', facts);
  return certificate;
}

async function setStatus(
  connection: Connection,
  certificate: string,
  status: StoredStatus,
  at: Date
): Promise<void> {
  await rows(
    connection,
    'set-status',
    'update repository.certificate_status set status = $1, stated_at = $2 where certificate = $3::bigint',
    [status, at, certificate]
  );
}
