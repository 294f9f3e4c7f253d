import { hash } from 'node:crypto';
import { formatName, parseCertificate, type Certificate } from '../../pki/index.js';
import { auditEvent } from '../audit.js';
import type { RepositoryContext } from '../context.js';
import type { Metrics } from '../metrics.js';
import { RepositoryError } from '../errors.js';
import type { StoredBody } from '../store/certificates.js';
import { formatSerial, sameSerial } from '../store/serial.js';

/** Where an alarm goes. */
export interface AlarmContext extends Pick<RepositoryContext, 'audit' | 'log'> {
  readonly metrics: Pick<Metrics, 'alarms'>;
}

/**
 * The certificate of a row, once its octets agree with what the row says of them. Whoever can change the tables
 * can make relying parties refuse, and no more: a relying party verifies what it gets. This check keeps a damaged
 * row from being answered at all. Throws `repository/inconsistent`, an alarm.
 */
export async function readBody(context: AlarmContext, row: StoredBody): Promise<Certificate> {
  const certificate = consistent(row);
  if (certificate !== undefined) return certificate;
  const serial = formatSerial(row.serial);
  await alarm(context, serial);
  throw new RepositoryError('repository/inconsistent', 'a stored certificate contradicts its row', {
    serial
  });
}

/** What a certification authority is called in an answer, as text (RFC 4514). */
export function authorityName(certificate: Certificate): string {
  return formatName(certificate.subject);
}

function consistent(row: StoredBody): Certificate | undefined {
  if (!hash('sha256', row.der, 'buffer').equals(row.sha256)) return undefined;
  let certificate: Certificate;
  try {
    certificate = parseCertificate(row.der);
  } catch {
    return undefined;
  }
  const eui = certificate.hardwareModuleName?.serialNumber;
  const sameDevice =
    row.kind !== 'device' || (eui !== undefined && Buffer.from(eui).readBigUInt64BE() === row.eui);
  return sameSerial(row.serial, certificate.serial) && sameDevice ? certificate : undefined;
}

async function alarm(context: AlarmContext, serial: string): Promise<void> {
  context.metrics.alarms.inc({ code: 'repository/inconsistent' });
  context.log.error({ serial, code: 'repository/inconsistent' }, 'a stored certificate contradicts its row');
  await context.audit.append([auditEvent('repository.store.inconsistent', '-', { serial })]);
}
