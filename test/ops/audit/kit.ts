import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { pino } from 'pino';
import { openAudit, verifyAudit, type AuditOptions, type OpenAuditLog } from '../../../ops/audit/index.js';
import type { AuditEvent, AuditTicket } from '../../../ops/kit/audit.js';
import { systemClock } from '../../../ops/kit/clock.js';

export const events = { 'ca.test.done': 'Something was done.', 'ca.test.refused': 'Something was refused.' };

export function done(step: number): AuditEvent {
  return {
    type: 'ca.test.done',
    actor: 'ca-1',
    facts: { step, serials: ['01', '02'], note: 'Zähler "ä"', none: null }
  };
}

export function auditFolder(): string {
  return join(mkdtempSync(join(tmpdir(), 'opensmki-audit-')), 'audit');
}

export function auditOptions(
  database: Knex,
  directory: string,
  other: Partial<AuditOptions> = {}
): AuditOptions {
  return {
    database,
    environment: 'test',
    component: 'ca',
    instance: 'ca-1',
    directory,
    events,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    ...other
  };
}

export function open(
  database: Knex,
  directory: string,
  other: Partial<AuditOptions> = {}
): Promise<OpenAuditLog> {
  return openAudit(auditOptions(database, directory, other));
}

/** Records events in a transaction and leaves them unsealed. */
export function recorded(
  database: Knex,
  audit: OpenAuditLog,
  list: readonly AuditEvent[]
): Promise<AuditTicket> {
  return database.transaction(trx => audit.record(trx, list));
}

export function lines(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n').slice(0, -1);
}

/** Rewrites a log line by line. */
export function edit(file: string, change: (lines: string[]) => string[]): void {
  writeFileSync(
    file,
    change(lines(file))
      .map(line => `${line}\n`)
      .join('')
  );
}

/** The findings of a folder with one log. */
export async function findings(
  directory: string,
  options: Parameters<typeof verifyAudit>[1] = {}
): Promise<[string, number][]> {
  const [report] = await verifyAudit(directory, options);
  return (report?.findings ?? []).map(finding => [finding.code, finding.seq]);
}
