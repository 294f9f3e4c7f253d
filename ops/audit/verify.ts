import { createHash } from 'node:crypto';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import canonicalize from 'canonicalize';
import type { Knex } from 'knex';
import { readLines } from './chain-file.js';
import { entryHash, genesis, parseEntry, type Entry, type Head, type StampedEvent } from './entry.js';
import type { AuditFindingCode } from './errors.js';
import { readHeadFile } from './heads.js';
import { findRepeats } from './repeats.js';
import { stampedEvent } from './sweep.js';

export interface AuditFinding {
  readonly code: AuditFindingCode;
  /** The first event that is wrong or not there; 0 where it has no number. */
  readonly seq: number;
  readonly detail: string;
}

export interface AuditReport {
  readonly file: string;
  /** Events whose chain holds. */
  readonly events: number;
  readonly head: Head;
  /** Empty when the log is whole. */
  readonly findings: readonly AuditFinding[];
}

export interface VerifyOptions {
  /** Instance of a log to a head known from elsewhere; the head file beside the log otherwise. */
  readonly heads?: ReadonlyMap<string, Head>;
  /** The component's database, to compare the recorded events with. */
  readonly database?: { readonly knex: Knex; readonly component: string };
}

/** Verifies every log in a folder, also one against the other, or one log file. */
export async function verifyAudit(path: string, options: VerifyOptions = {}): Promise<AuditReport[]> {
  const files = path.endsWith('.log')
    ? [path]
    : (await readdir(path)).filter(name => name.endsWith('.log')).map(name => join(path, name));
  const reports: AuditReport[] = [];
  for (const file of files.sort()) reports.push(await verifyLog(file, options));
  return withRepeats(reports);
}

/** Adds the events that are there twice, each to the report of the log where it stands the second time. */
async function withRepeats(reports: readonly AuditReport[]): Promise<AuditReport[]> {
  const repeats = await findRepeats(reports.map(({ file, head }) => ({ file, size: head.size })));
  return reports.map((report, at) => {
    const repeated = repeats
      .filter(({ log }) => log === at)
      .map(({ seq, before }): AuditFinding => {
        const where = before.log === at ? '' : ` of ${basename(reports[before.log]?.file ?? '', '.log')}`;
        return { code: 'audit/repeated', seq, detail: `event ${before.seq}${where} has the same id` };
      });
    return repeated.length === 0 ? report : { ...report, findings: [...report.findings, ...repeated] };
  });
}

async function verifyLog(file: string, options: VerifyOptions): Promise<AuditReport> {
  const handle = await open(file, 'r');
  try {
    const instance = /([^/]+)\.log$/.exec(file)?.[1] ?? '';
    const known = options.heads?.get(instance) ?? (await readHeadFile(file.replace(/log$/, 'head')));
    const logged = new Map<string, string>();
    const { head, finding } = await walk(handle, known, entry => {
      // Every event's digest is in memory then, and only then.
      if (options.database !== undefined) logged.set(entry.id, eventDigest(entry));
    });
    const findings = finding === undefined ? [] : [finding];
    // Behind a break the walk has not read: a missing event there is the break's, not another finding.
    if (options.database !== undefined && finding === undefined)
      findings.push(...(await compare(options.database, instance, logged)));
    return { file, events: head.seq, head, findings };
  } finally {
    await handle.close();
  }
}

interface Walked {
  readonly head: Head;
  readonly finding: AuditFinding | undefined;
}

async function walk(
  handle: FileHandle,
  known: Head | undefined,
  each: (entry: Entry) => void
): Promise<Walked> {
  let head: Head | undefined;
  for await (const { line, start, end } of readLines(handle, 0)) {
    const at: Head = head ?? { seq: 0, size: 0, hash: '' };
    const broken = (code: AuditFindingCode, seq: number, detail: string): Walked => ({
      head: at,
      finding: { code, seq, detail }
    });
    const expected = at.seq + 1;
    if (end === undefined) {
      const beyond = known !== undefined && start >= known.size;
      return broken(
        beyond || known === undefined ? 'audit/torn' : 'audit/truncated',
        expected,
        `the last line, at octet ${start}, has no end`
      );
    }
    const entry = parseEntry(line);
    if (entry === undefined) return broken('audit/malformed', expected, `octet ${start} is not an event`);
    // Where the numbers are right a bad hash is a changed event; otherwise the place is what is wrong.
    if (entry.seq < expected) return broken('audit/inserted', entry.seq, `event ${entry.seq} is there twice`);
    if (entry.seq > expected) {
      const later = await occursLater(handle, end, expected);
      return broken(
        later ? 'audit/reordered' : 'audit/removed',
        expected,
        `event ${entry.seq} stands where event ${expected} belongs`
      );
    }
    if (entryHash(entry) !== entry.hash)
      return broken('audit/changed', expected, 'the event does not hash to its hash');
    const prev = head?.hash ?? genesisOf(entry);
    if (entry.prev !== prev)
      return broken(
        'audit/changed',
        Math.max(at.seq, 1),
        `event ${expected} names another hash of the event before it`
      );
    head = { seq: entry.seq, size: end, hash: entry.hash };
    if (known?.seq === head.seq && (known.hash !== head.hash || known.size !== head.size))
      return {
        head,
        finding: { code: 'audit/head', seq: head.seq, detail: 'the chain is whole and not the recorded one' }
      };
    each(entry);
  }
  const reached = head ?? { seq: 0, size: 0, hash: '' };
  if (known !== undefined && reached.seq < known.seq)
    return {
      head: reached,
      finding: {
        code: 'audit/truncated',
        seq: reached.seq + 1,
        detail: `the log ends at event ${reached.seq}, its head is event ${known.seq}`
      }
    };
  return { head: reached, finding: undefined };
}

/** The first event names the log; its own hash chains from that. */
function genesisOf(first: Entry): string | undefined {
  const { environment, component, instance } = first.facts;
  if (first.type !== 'audit.log.created') return undefined;
  return genesis({
    environment: String(environment),
    component: String(component),
    instance: String(instance)
  }).hash;
}

async function occursLater(handle: FileHandle, from: number, seq: number): Promise<boolean> {
  for await (const { line } of readLines(handle, from)) if (parseEntry(line)?.seq === seq) return true;
  return false;
}

async function compare(
  database: NonNullable<VerifyOptions['database']>,
  instance: string,
  logged: ReadonlyMap<string, string>
): Promise<AuditFinding[]> {
  const findings: AuditFinding[] = [];
  const batch = 5_000;
  for (let from = ''; ;) {
    const rows = await database.knex
      .withSchema(database.component)
      .table('audit_event')
      .where({ instance })
      .modify(query => {
        if (from !== '') void query.where('id', '>', from);
      })
      .orderBy('id')
      .limit(batch)
      .select<Parameters<typeof stampedEvent>[0][]>('id', 'at', 'type', 'actor', 'facts');
    for (const row of rows) {
      const digest = logged.get(row.id);
      if (digest === undefined)
        findings.push({
          code: 'audit/missing',
          seq: 0,
          detail: `event ${row.id} (${row.type}) is not in the log`
        });
      else if (digest !== eventDigest(stampedEvent(row)))
        findings.push({ code: 'audit/differs', seq: 0, detail: `event ${row.id} (${row.type}) differs` });
    }
    from = rows.at(-1)?.id ?? '';
    if (rows.length < batch) return findings;
  }
}

function eventDigest(event: Omit<StampedEvent, 'canonicalFacts'>): string {
  const { id, at, type, actor, facts } = event;
  return createHash('sha256')
    .update(canonicalize({ id, at, type, actor, facts }) ?? '')
    .digest('base64');
}

/** The event of an audit reference, from the logs in a folder; undefined when no log there has it. */
export async function findAuditEvent(directory: string, reference: string): Promise<Entry | undefined> {
  const parts = /^([1-9][0-9]{0,9})-([1-9a-f][0-9a-f]{0,12})$/.exec(reference);
  if (parts === null) return undefined;
  const number = Number(parts[1]);
  const seq = Number.parseInt(parts[2] ?? '', 16);
  for (const name of (await readdir(directory)).filter(name => name.endsWith('.log'))) {
    const handle = await open(join(directory, name), 'r');
    try {
      for await (const { line } of readLines(handle, 0)) {
        const entry = parseEntry(line);
        if (entry?.seq === 1 && entry.facts['number'] !== number) break;
        if (entry?.seq === seq) return entry;
      }
    } finally {
      await handle.close();
    }
  }
  return undefined;
}
