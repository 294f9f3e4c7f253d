import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import {
  AuditUnavailable,
  type AuditEvent,
  type AuditLog,
  type AuditReference,
  type AuditTicket
} from '../kit/audit.js';
import { identifier } from '../database/names.js';
import { createSql } from '../database/sql.js';
import type { Clock } from '../kit/clock.js';
import type { Transaction } from '../kit/deps.js';
import { openChain, type OpenedChain } from './chain-file.js';
import { uuidv7, type Head, type LogOrigin, type StampedEvent } from './entry.js';
import { AuditError } from './errors.js';
import { checkEvent } from './facts.js';
import { DatabaseHead, readHeadFile, type HeadRow } from './heads.js';
import { Sequencer } from './sequencer.js';
import { settledMark, Sweeper } from './sweep.js';
import { lockWriter } from './writer-lock.js';

export interface AuditOptions {
  /** The component's pool; the audit tables lie in its schema. */
  readonly database: Knex;
  readonly environment: string;
  /** Names the schema. */
  readonly component: string;
  /** Names the process among those of its component, the same after a restart: `ca-1`. */
  readonly instance: string;
  /** Folder of the log files, made at the first start. */
  readonly directory: string;
  /** The component's table of audit events: type to description. */
  readonly events: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Logger;
  /** How often events left over are looked for and a failed log is tried again. DESIGN: 2 s. */
  readonly sweepMs?: number;
}

export interface AuditHealth {
  readonly state: 'ready' | 'failed';
  /** Why it failed: a code. */
  readonly reason: string | undefined;
  /** Number of the last event. */
  readonly seq: number;
}

export interface OpenAuditLog extends AuditLog {
  health(): AuditHealth;
  /** The first part of this log's references. */
  readonly instanceNumber: number;
  /** Path of the log file. */
  readonly path: string;
  /** Lets waiting callers finish, then gives the log up. */
  close(): Promise<void>;
}

/** Path of an instance's log, and of what lies beside it. */
export function auditPaths(directory: string, instance: string): { log: string; head: string; lock: string } {
  // The name becomes a file's; a path separator would lead out of the folder.
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(instance))
    throw new AuditError('audit/instance', `${JSON.stringify(instance)} may not name an audit log`);
  const base = join(directory, instance);
  return { log: `${base}.log`, head: `${base}.head`, lock: `${base}.lock` };
}

/**
 * Opens the log of this process. Refuses (`AuditError`) when another process writes it, when it is shorter than
 * the head in the database or beside it says, or is another log; places what an earlier process recorded and
 * did not place.
 */
export async function openAudit(options: AuditOptions): Promise<OpenAuditLog> {
  const { environment, component, instance } = options;
  const origin: LogOrigin = { environment, component, instance };
  const paths = auditPaths(options.directory, instance);
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const lock = await lockWriter(paths.lock);
  try {
    const databaseHead = new DatabaseHead(options.database, origin, randomUUID());
    const row = await databaseHead.takeOver(origin, options.clock.now());
    const settled = await settledMark(options.database, row);
    const head = await furthestHead(paths.head, row, origin);
    const opened = await openChain(paths.log, head, settled.size);
    await refuseForeign(opened, row, origin);
    const log = new OpenedAudit(options, row.number, paths.log, () => lock.release());
    await log.begin(origin, paths.head, databaseHead, row, opened, settled.transaction);
    return log;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** The head in the database or, when that one fell behind, the one beside the log. */
async function furthestHead(path: string, row: HeadRow, origin: LogOrigin): Promise<Head> {
  const file = await readHeadFile(path);
  if (file === undefined || file.seq <= row.head.seq) return row.head;
  if (
    file.instance !== origin.instance ||
    file.component !== origin.component ||
    file.environment !== origin.environment
  )
    throw new AuditError('audit/unknown-log', `${path} belongs to another log`);
  return { seq: file.seq, size: file.size, hash: file.hash };
}

/** A log that is there while the database has never seen it belongs to another database. */
async function refuseForeign(opened: OpenedChain, row: HeadRow, origin: LogOrigin): Promise<void> {
  if (row.head.seq > 0 || opened.tail.seq <= 1) return;
  await opened.file.close();
  throw new AuditError(
    'audit/unknown-log',
    `the database knows no log of ${origin.instance}, the folder has one`
  );
}

/** DESIGN: events of one statement; with facts of the largest size, 62 MiB. */
const recordedAtOnce = 1_000;

/** An event as an element of the JSON that one statement inserts: no escaping a second time, as arrays would need. */
function rowText({ id, at, type, actor, canonicalFacts }: StampedEvent): string {
  return `{"id":"${id}","at":"${at}","type":${JSON.stringify(type)},"actor":${JSON.stringify(actor)},"facts":${canonicalFacts}}`;
}

/** What a ticket stands for, and the sequencer's period in which it was recorded. */
interface Recorded {
  readonly events: readonly StampedEvent[];
  readonly period: number;
}

class OpenedAudit implements OpenAuditLog {
  readonly instanceNumber: number;
  readonly path: string;
  readonly #options: AuditOptions;
  readonly #release: () => Promise<void>;
  readonly #sql = createSql();
  readonly #insert: { readonly name: string; readonly statement: string };
  /** Events of tickets on their way from commit to seal; a ticket that is dropped takes them along. */
  readonly #tickets = new WeakMap<AuditTicket, Recorded>();
  #sequencer!: Sequencer;
  #sweeper!: Sweeper;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;
  #closed = false;

  constructor(options: AuditOptions, instanceNumber: number, path: string, release: () => Promise<void>) {
    this.#options = options;
    this.instanceNumber = instanceNumber;
    this.path = path;
    this.#release = release;
    this.#insert = {
      name: 'audit-record',
      statement: `insert into ${identifier(options.component)}.audit_event (id, instance, at, type, actor, facts)
        select id, $1, at, type, actor, facts
        from jsonb_to_recordset($2::jsonb) as event (id uuid, at timestamptz, type text, actor text, facts jsonb)`
    };
  }

  async begin(
    origin: LogOrigin,
    headPath: string,
    databaseHead: DatabaseHead,
    row: HeadRow,
    opened: OpenedChain,
    settled: bigint
  ): Promise<void> {
    const { clock, log, database } = this.#options;
    this.#sequencer = new Sequencer(
      {
        origin,
        logPath: this.path,
        headPath,
        databaseHead,
        now: () => clock.now(),
        stamp: (type, facts) => this.#stamp({ type, actor: '-', facts }),
        onState: failure => {
          if (failure === undefined) log.info({ code: 'audit/recovered' }, 'the audit log is written again');
          else
            log.error({ code: failure }, 'the audit log cannot be written: nothing is answered with success');
        }
      },
      opened.file,
      opened.tail,
      row.head.seq,
      opened.ids
    );
    this.#sweeper = new Sweeper(database, origin, this.#sequencer, databaseHead, settled);
    try {
      const about: AuditEvent[] = [];
      if (opened.tail.seq === 0)
        about.push({
          type: 'audit.log.created',
          actor: '-',
          facts: { ...origin, number: this.instanceNumber }
        });
      if (opened.repaired > 0)
        about.push({ type: 'audit.log.repaired', actor: '-', facts: { octets: opened.repaired } });
      // Even with nothing to say: the database learns the head of a log that got further than it was told.
      await this.#sequencer.place(
        about.map(event => this.#stamp(event)),
        true
      );
      const left = await this.#sweeper.sweep();
      if (left > 0) log.warn({ events: left }, 'audit events of an earlier process were placed');
    } catch (error) {
      await this.#sequencer.close();
      throw error;
    }
    this.#timer = setInterval(() => this.#tick(), this.#options.sweepMs ?? 2_000).unref();
  }

  async record(trx: Transaction, events: readonly AuditEvent[]): Promise<AuditTicket> {
    const stamped = events.map(event => this.#stamp(event));
    for (let from = 0; from < stamped.length; from += recordedAtOnce)
      await this.#sql.also(trx, this.#insert.name, this.#insert.statement, [
        this.#options.instance,
        `[${stamped
          .slice(from, from + recordedAtOnce)
          .map(rowText)
          .join(',')}]`
      ]);
    const ticket: AuditTicket = { ids: stamped.map(event => event.id) };
    this.#tickets.set(ticket, { events: stamped, period: this.#sequencer.period });
    return ticket;
  }

  async seal(ticket: AuditTicket): Promise<void> {
    const recorded = this.#tickets.get(ticket);
    if (recorded === undefined) throw new AuditError('audit/facts', 'a ticket of another audit log');
    await this.#sequencer.place(await this.#unsettled(recorded), true);
    // Kept: sealing again is answered from what is placed.
  }

  /**
   * The sweeper may have placed a ticket's events long before somebody seals it, so long that the sequencer no longer
   * knows: they must not stand in the log twice.
   */
  async #unsettled({ events, period: recordedIn }: Recorded): Promise<readonly StampedEvent[]> {
    for (;;) {
      const { period } = this.#sequencer;
      if (period < recordedIn + 3) return events;
      let settled: ReadonlySet<string>;
      try {
        settled = await this.#sweeper.settledOf(events.map(({ id }) => id));
      } catch (cause) {
        throw new AuditUnavailable('whether the events stand in the log cannot be read', { cause });
      }
      // Nothing was forgotten while the database was asked: what is not settled the sequencer knows.
      if (this.#sequencer.period === period) return events.filter(({ id }) => !settled.has(id));
    }
  }

  async append(events: readonly AuditEvent[]): Promise<AuditReference> {
    const seq = await this.#sequencer.place(
      events.map(event => this.#stamp(event)),
      false
    );
    return `${this.instanceNumber}-${seq.toString(16)}`;
  }

  health(): AuditHealth {
    const reason = this.#sequencer.failure;
    return { state: reason === undefined ? 'ready' : 'failed', reason, seq: this.#sequencer.head.seq };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#sweeping;
    await this.#sequencer.close();
    await this.#release();
  }

  #tick(): void {
    if (this.#closed) return;
    this.#sweeping ??= this.#sweepOnce().finally(() => (this.#sweeping = undefined));
  }

  async #sweepOnce(): Promise<void> {
    try {
      // A failed log is tried again even when nobody calls.
      if (this.#sequencer.failure !== undefined) await this.#sequencer.place([], false);
      await this.#sweeper.sweep();
    } catch {
      // The sequencer has said so; the next round tries again.
    }
  }

  #stamp(event: AuditEvent): StampedEvent {
    const canonicalFacts = checkEvent(event, this.#options.events);
    const at = this.#options.clock.now();
    const { type, actor, facts } = event;
    return { id: uuidv7(at), at: at.toISOString(), type, actor, facts, canonicalFacts };
  }
}
