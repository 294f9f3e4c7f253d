import { AuditUnavailable } from '../kit/audit.js';
import { openChain, type ChainFile } from './chain-file.js';
import { link, type Head, type LogOrigin, type StampedEvent } from './entry.js';
import { AuditError } from './errors.js';
import { writeHeadFile, type DatabaseHead } from './heads.js';

/** DESIGN: bounds the memory of one write; a group of a thousand certificates is one act of few events. */
const maxGroupEvents = 4_096;

/**
 * DESIGN: how long the head in the database may stay behind events that belong to no act there, in milliseconds.
 * Without it every handful of look-ups would wait for a commit of its own. They are durable in the log and its head
 * beside it when they are answered; the database's head is what a thief of both files cannot turn back, and what tells
 * a writer that another has taken over: both work this much later. Acts wait for it, each.
 */
const databaseLagMs = 10;

/** Nothing is written any more: we closed the log, or another process is its writer now. */
const finalFailures: ReadonlySet<string> = new Set(['closed', 'audit/fenced']);

interface Waiter {
  readonly events: readonly StampedEvent[];
  /** True for events of a database act: they count once the database knows the head. */
  readonly recorded: boolean;
  /** Number of the first event in the log. */
  resolve(seq: number): void;
  reject(error: unknown): void;
}

export interface SequencerOptions {
  readonly origin: LogOrigin;
  readonly logPath: string;
  readonly headPath: string;
  readonly databaseHead: DatabaseHead;
  now(): Date;
  /** Makes an event about the log itself. */
  stamp(type: string, facts: Readonly<Record<string, string | number>>): StampedEvent;
  onState(failure: string | undefined): void;
}

/**
 * The single writer of a log. Callers that wait at the same time share one write and one fdatasync; then the
 * head moves, in the head file and in the database, and only then anybody is answered. Events that belong to no act in
 * the database are answered without it while it is but a moment behind.
 *
 * After any fault the file is closed. The next call opens it again, checks that it still ends where it was left,
 * and goes on; while that fails every caller gets `AuditUnavailable`.
 */
export class Sequencer {
  readonly #options: SequencerOptions;
  #file: ChainFile | undefined;
  /** The last head on stable storage. */
  #head: Head;
  /** How far the database is known to be, and since when, in milliseconds of the monotonic clock. */
  #databaseSeq: number;
  #databaseAsked = -Infinity;
  /** Set while the database is behind. */
  #catchUp: NodeJS.Timeout | undefined;
  #failure: string | undefined;
  #queue: Waiter[] = [];
  #running: Promise<void> | undefined;
  /** Recorded events in the log since the offset up to which the sweeper has settled, with their numbers. */
  #placed = new Map<string, number>();
  /** The same of the two periods before: see `forgetSettled`. */
  #placedBefore: readonly ReadonlyMap<string, number>[] = [new Map(), new Map()];
  #period = 0;

  constructor(
    options: SequencerOptions,
    file: ChainFile,
    tail: Head,
    databaseSeq: number,
    ids: readonly string[]
  ) {
    this.#options = options;
    this.#file = file;
    this.#head = tail;
    this.#databaseSeq = databaseSeq;
    ids.forEach((id, index) => this.#placed.set(id, tail.seq - ids.length + 1 + index));
  }

  get head(): Head {
    return this.#head;
  }

  /** Why nothing can be written at present, for an operator. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Resolves with the number of the first event when all are durable; `AuditUnavailable` otherwise. */
  place(events: readonly StampedEvent[], recorded: boolean): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ events, recorded, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  isPlaced(id: string): boolean {
    return this.#numberOf(id) !== undefined;
  }

  #numberOf(id: string): number | undefined {
    return this.#placed.get(id) ?? this.#placedBefore[0]?.get(id) ?? this.#placedBefore[1]?.get(id);
  }

  /** Rises with each `forgetSettled`: what was placed in a period is remembered through the next two. */
  get period(): number {
    return this.#period;
  }

  /**
   * Begins a period, and forgets the ids of the last but two. A mark is settled at the end of a sweep and the next one
   * was taken at that sweep's beginning: what was placed in between belongs to the period that ends and lies behind
   * the next mark, which is settled a period later. So one period more than the marks would say is kept.
   */
  forgetSettled(): void {
    this.#period += 1;
    this.#placedBefore = [this.#placed, this.#placedBefore[0] ?? new Map()];
    this.#placed = new Map();
  }

  async close(): Promise<void> {
    if (this.#databaseSeq < this.#head.seq && this.#failure === undefined)
      await this.place([], true).catch(() => undefined);
    while (this.#running !== undefined) await this.#running;
    clearTimeout(this.#catchUp);
    await this.#file?.close();
    this.#file = undefined;
    this.#failure = 'closed';
  }

  async #run(): Promise<void> {
    // Callers of the same turn join the first group.
    await Promise.resolve();
    try {
      while (this.#queue.length > 0) {
        const group: Waiter[] = [];
        let count = 0;
        while (this.#queue.length > 0 && count < maxGroupEvents) {
          const waiter = this.#queue.shift();
          if (waiter === undefined) break;
          group.push(waiter);
          count += waiter.events.length;
        }
        await this.#commit(group);
      }
    } finally {
      // In the turn that saw the queue empty: whoever comes later must find nothing running and begin anew.
      this.#running = undefined;
    }
  }

  async #commit(group: readonly Waiter[]): Promise<void> {
    let numbers: readonly number[];
    try {
      if (this.#failure !== undefined && finalFailures.has(this.#failure))
        throw new AuditError('audit/fenced', `the audit log has ended: ${this.#failure}`);
      numbers = await this.#write(group);
    } catch (error) {
      await this.#fail(error);
      const unavailable = new AuditUnavailable('the audit log cannot be written', { cause: error });
      for (const waiter of group) waiter.reject(unavailable);
      return;
    }
    let databaseFault: unknown;
    if (this.#databaseSeq < this.#head.seq) {
      if (group.some(waiter => waiter.recorded) || performance.now() - this.#databaseAsked >= databaseLagMs)
        databaseFault = await this.#advance();
      else this.#catchUp ??= setTimeout(() => this.#catchUpNow(), databaseLagMs);
    }
    const fenced = databaseFault instanceof AuditError;
    if (fenced) await this.#fail(databaseFault);
    group.forEach((waiter, index) => {
      if (databaseFault !== undefined && (waiter.recorded || fenced))
        waiter.reject(new AuditUnavailable('the audit head cannot be recorded', { cause: databaseFault }));
      else waiter.resolve(numbers[index] ?? 0);
    });
  }

  /** Lets the database learn a head that nobody's act has told it. A fault shows where the next caller meets it. */
  #catchUpNow(): void {
    this.#catchUp = undefined;
    this.place([], true).catch(() => undefined);
  }

  /** Moves the head in the database; answers what was in the way. */
  async #advance(): Promise<unknown> {
    clearTimeout(this.#catchUp);
    this.#catchUp = undefined;
    const asked = performance.now();
    const { seq } = this.#head;
    try {
      await this.#options.databaseHead.advance(this.#head, this.#options.now());
      this.#databaseSeq = seq;
      this.#databaseAsked = asked;
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** Writes what of the group is not in the log yet; answers the number of each waiter's first event. */
  async #write(group: readonly Waiter[]): Promise<number[]> {
    const recovered = this.#file === undefined ? await this.#reopen() : undefined;
    const file = this.#file;
    if (file === undefined) throw new AuditError('audit/moved', 'the log is not open');
    let head = this.#head;
    const lines: Buffer[] = [];
    const fresh = new Map<string, number>();
    const add = (event: StampedEvent): number => {
      const linked = link(head, event, event.canonicalFacts);
      head = linked.head;
      lines.push(linked.line);
      return head.seq;
    };
    if (recovered !== undefined) add(recovered);
    const numbers = group.map(({ events, recorded }) => {
      // What belongs to no act is written once, by who made it; of an act the sweeper may have been first.
      if (!recorded) return events.map(add)[0] ?? head.seq;
      const seqs = events.map(event => {
        const known = this.#numberOf(event.id) ?? fresh.get(event.id);
        if (known !== undefined) return known;
        const seq = add(event);
        fresh.set(event.id, seq);
        return seq;
      });
      return seqs[0] ?? head.seq;
    });
    await file.append(this.#head.size, Buffer.concat(lines));
    if (head.seq > this.#head.seq) writeHeadFile(this.#options.headPath, this.#options.origin, head);
    this.#head = head;
    for (const [id, seq] of fresh) this.#placed.set(id, seq);
    return numbers;
  }

  /** Takes the file up again where it was left; answers the event that says so. */
  async #reopen(): Promise<StampedEvent> {
    const opened = await openChain(this.#options.logPath, this.#head, this.#head.size);
    this.#file = opened.file;
    // What was written and not confirmed may be there; it counts, or the sweeper would place it twice.
    opened.ids.forEach((id, index) => this.#placed.set(id, this.#head.seq + 1 + index));
    this.#head = opened.tail;
    const reason = this.#failure ?? 'unknown';
    this.#failure = undefined;
    this.#options.onState(undefined);
    return this.#options.stamp('audit.log.recovered', { reason, repairedOctets: opened.repaired });
  }

  async #fail(error: unknown): Promise<void> {
    if (this.#failure !== undefined && finalFailures.has(this.#failure)) return;
    const reason = reasonOf(error);
    await this.#file?.close().catch(() => undefined);
    this.#file = undefined;
    if (this.#failure !== reason) this.#options.onState(reason);
    this.#failure = reason;
  }
}

/** A code, never a message: it goes into the log and to operators. */
function reasonOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
