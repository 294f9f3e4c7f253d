import type { RaContext } from '../deps.js';
import { partyById, systemById, type Client } from '../parties.js';
import { completeBatch } from './complete.js';
import { BatchContentReader, Tampered } from './content.js';
import { decideGroup, LeaseLost, Postponed } from './decide-group.js';
import { GroupSize } from './group-size.js';
import type { GroupsInFlight, UnsettledGroup } from './groups-in-flight.js';
import type { LeasedBatch } from './lease.js';
import type { NightCount } from './night-count.js';
import { orderAgain } from './order-again.js';
import { parseBatch } from './parse.js';
import { OpenRanges, type ItemRange } from './ranges.js';
import { transitNow } from './states.js';

/** Longest pause after faults in a row, as a power of two of `caRetryMs`. */
const maxDoublings = 5;

/** A batch whose lease this process has. */
export class BatchUnderWay {
  readonly #deps: RaContext;
  readonly #flight: GroupsInFlight;
  readonly #size: GroupSize;
  readonly #tasks = new Set<Promise<void>>();
  /** Groups that are being ordered again. */
  readonly #again = new Set<string>();
  #batch: LeasedBatch;
  #reader: BatchContentReader;
  /** What no group holds; read again after a fault, which may have come before a commit or behind it. */
  #open: OpenRanges | undefined;
  #deciding = 0;
  #notBefore = 0;
  #faults = 0;
  #waits = 0;
  #lost = false;
  /** What of it is unsettled, as last read; set by `GroupsInFlight`. */
  unsettled: readonly UnsettledGroup[] = [];
  /** Nothing is left to do for the holder of the lease. */
  over = false;

  constructor(deps: RaContext, leased: LeasedBatch, flight: GroupsInFlight) {
    this.#deps = deps;
    this.#batch = leased;
    this.#flight = flight;
    this.#reader = new BatchContentReader(deps, leased);
    this.#size = new GroupSize(deps.config.batches);
  }

  get leased(): LeasedBatch {
    return this.#batch;
  }

  /** While it has requests that no group holds, its party's next batch waits; not while it waits itself. */
  get needsItsParty(): boolean {
    return performance.now() >= this.#notBefore && (this.#open === undefined || this.#open.left > 0);
  }

  loseLease(): void {
    this.#lost = true;
  }

  /** Resolves when what was begun has ended. */
  async ended(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.allSettled(this.#tasks);
  }

  /** Brings the batch from state to state; groups are begun by `beginGroup`. */
  async step(mayOrder: boolean): Promise<void> {
    if (this.#lost || this.over || performance.now() < this.#notBefore) return;
    const { state } = this.#batch;
    if (state === 'PARSING') {
      if (this.#tasks.size === 0) this.#run(() => this.#parse());
    } else if (state === 'QUEUED' || state === 'PAUSED') {
      if (mayOrder) await this.#start(state);
      else this.over = true;
    } else if (state === 'PROCESSING') {
      // Ranges of groups that are being decided are not in the database yet.
      if (this.#open === undefined && this.#deciding > 0) return;
      this.#open ??= await this.#readOpen();
      if (this.#open.left === 0 && this.#deciding === 0 && this.unsettled.length === 0)
        await this.#complete();
      else if (!mayOrder && this.#deciding === 0 && this.#hasToOrder(this.#open)) await this.#pause();
    } else this.over = true;
  }

  /** Begins a group, or another try of one; false when there is nothing to begin now. */
  beginGroup(night: NightCount): boolean {
    if (this.#lost || this.over || this.#batch.state !== 'PROCESSING' || this.#open === undefined)
      return false;
    if (performance.now() < this.#notBefore || this.#deps.stopping.aborted) return false;
    const due = this.unsettled.find(group => this.#isDue(group));
    if (due !== undefined) {
      this.#again.add(due.id);
      this.#run(() => this.#orderAgain(due.id));
      return true;
    }
    const size = Math.min(this.#size.of(this.#open.left), night.room);
    const range = this.#open.take(size);
    if (range === undefined) return false;
    night.add(range.count);
    this.#deciding += 1;
    this.#flight.begin();
    this.#run(() => this.#decide(range));
    return true;
  }

  #isDue(group: UnsettledGroup): boolean {
    if (this.#again.has(group.id)) return false;
    const now = this.#deps.clock.now();
    return group.state === 'again'
      ? group.retryAt === undefined || group.retryAt <= now
      : group.orderExpiresAt <= now;
  }

  #hasToOrder(open: OpenRanges): boolean {
    return open.left > 0 || this.unsettled.some(group => this.#isDue(group));
  }

  async #parse(): Promise<void> {
    const parsed = await parseBatch(this.#deps, this.#batch);
    if (parsed === undefined) {
      this.over = true;
      return;
    }
    this.#batch = parsed;
    this.#reader = new BatchContentReader(this.#deps, parsed);
  }

  async #start(from: 'QUEUED' | 'PAUSED'): Promise<void> {
    const { instance } = this.#deps.config;
    const started =
      from === 'QUEUED'
        ? await transitNow(this.#deps, this.#batch, from, 'PROCESSING', instance, {
            started_at: this.#deps.clock.now()
          })
        : await transitNow(this.#deps, this.#batch, from, 'PROCESSING', instance);
    if (!started) {
      this.over = true;
      return;
    }
    this.#batch = { ...this.#batch, state: 'PROCESSING' };
    this.#open = await this.#readOpen();
  }

  async #pause(): Promise<void> {
    await transitNow(this.#deps, this.#batch, 'PROCESSING', 'PAUSED', this.#deps.config.instance);
    this.over = true;
  }

  async #complete(): Promise<void> {
    // Groups that another process decided before it lost the lease are in the database, not in what was read here.
    if (!(await completeBatch(this.#deps, this.#batch))) this.#open = await this.#readOpen();
    else this.over = true;
  }

  async #decide(range: ItemRange): Promise<void> {
    let ordered: string | undefined;
    try {
      const items = await this.#reader.read(range);
      const group = await decideGroup(this.#deps, {
        batch: this.#batch,
        client: await this.#client(),
        first: range.first,
        items,
        mayWait: this.#waits < this.#deps.config.batches.caTries
      });
      if (group.order !== undefined) ordered = group.id;
      this.#size.took(group.lockedMs);
      this.#waits = 0;
    } catch (error) {
      this.#open = undefined;
      if (error instanceof Postponed) this.#waits += 1;
      throw error;
    } finally {
      this.#deciding -= 1;
      this.#flight.end(ordered);
    }
  }

  async #orderAgain(group: string): Promise<void> {
    this.#flight.begin();
    try {
      await orderAgain(this.#deps, this.#batch, group);
      this.unsettled = this.unsettled.filter(({ id }) => id !== group);
    } finally {
      this.#again.delete(group);
      this.#flight.end(group);
    }
  }

  /** The party and system as they are now: a suspension counts for what has not been decided. */
  async #client(): Promise<Client> {
    const [party, system] = await Promise.all([
      partyById(this.#deps.database, this.#batch.partyId),
      systemById(this.#deps.database, this.#batch.systemId)
    ]);
    if (party === undefined || system === undefined) throw new Error('the party of a batch is gone');
    return { party, system };
  }

  async #readOpen(): Promise<OpenRanges> {
    const rows = await this.#deps.sql.rows<{ first_item: number; items: number }>(
      this.#deps.database,
      'ra_batch_covered',
      'select first_item, items from ra.batch_group where batch_id = $1',
      [this.#batch.id]
    );
    return new OpenRanges(
      this.#batch.requests,
      rows.map(({ first_item: first, items: count }) => ({ first, count }))
    );
  }

  /** A fault is nobody's request's: the work is left as it was and tried again, each time after a longer pause. */
  #run(work: () => Promise<void>): void {
    const task = work()
      .then(
        () => {
          this.#faults = 0;
        },
        (error: unknown) => this.#failed(error)
      )
      .catch((error: unknown) => this.#deps.log.error({ err: error }, 'a batch was left'))
      .finally(() => {
        this.#tasks.delete(task);
        this.#deps.batch.work.wake();
      });
    this.#tasks.add(task);
  }

  async #failed(error: unknown): Promise<void> {
    const { log, config, stopping } = this.#deps;
    if (error instanceof LeaseLost) {
      this.#lost = true;
      this.over = true;
      return;
    }
    if (error instanceof Tampered) {
      await this.#tampered(error);
      return;
    }
    const pause = config.batches.caRetryMs * 2 ** Math.min(this.#faults, maxDoublings);
    this.#faults += 1;
    this.#notBefore = performance.now() + pause;
    if (!stopping.aborted)
      log.warn({ err: error, batch: this.#batch.id, pause }, 'a group is tried again later');
  }

  async #tampered(error: Tampered): Promise<void> {
    if (this.over) return;
    this.over = true;
    this.#deps.measures.alarms.inc({ kind: 'batch' });
    this.#deps.log.error({ err: error, batch: this.#batch.id }, 'a batch was changed after it was stored');
    const from = this.#batch.state === 'PARSING' ? 'PARSING' : 'PROCESSING';
    await transitNow(
      this.#deps,
      this.#batch,
      from,
      'TAMPERED',
      this.#deps.config.instance,
      {},
      {
        reason: error.message
      }
    );
  }
}
