import type { RaContext } from '../deps.js';
import { BatchUnderWay } from './batch-under-way.js';
import { endLeases, renewLeases, takeLease } from './lease.js';
import { eraseExpired } from './retention.js';
import { GroupsInFlight } from './groups-in-flight.js';
import { NightCount } from './night-count.js';
import { windowAt } from './window.js';

export interface BatchProcessing {
  /** Ends processing: groups under way are finished or come to nothing, and others may have the batches at once. */
  stop(): Promise<void>;
}

/**
 * Processes batches until stopped: takes leases of batches that have something to do, one of each party while it has
 * requests left, and lets them order their groups in turns. Whatever is not in the database may be lost: another
 * process goes on from what is there.
 */
export function startBatches(deps: RaContext): BatchProcessing {
  const processing = new Processing(deps);
  const ended = processing.run();
  return { stop: () => ended };
}

class Processing {
  readonly #deps: RaContext;
  readonly #flight: GroupsInFlight;
  readonly #night: NightCount;
  #underWay: BatchUnderWay[] = [];
  #renewedAt = -Infinity;
  #erasedAt = -Infinity;
  #measuredAt = -Infinity;

  constructor(deps: RaContext) {
    this.#deps = deps;
    this.#flight = new GroupsInFlight(deps);
    this.#night = new NightCount(deps);
  }

  async run(): Promise<void> {
    const { work } = this.#deps.batch;
    const { stopping } = this.#deps;
    const { pollMs } = this.#deps.config.batches;
    let failing = false;
    while (!stopping.aborted) {
      // Asked for before the look: a wake-up during it is not lost.
      const woken = work.wait(pollMs, stopping);
      try {
        await this.#turn();
        failing = false;
      } catch (error) {
        // One line when it begins to fail, not one a turn.
        if (!failing) this.#deps.log.warn({ err: error }, 'batches are not processed');
        failing = true;
      }
      await woken;
    }
    await Promise.allSettled(this.#underWay.map(batch => batch.ended()));
    const leases = this.#underWay.map(({ leased }) => leased.lease);
    // Where the database is away, the leases run out by themselves.
    if (leases.length > 0) await endLeases(this.#deps, leases).catch(() => undefined);
  }

  async #turn(): Promise<void> {
    const deps = this.#deps;
    const window = windowAt(deps.policy, deps.clock.now());
    const mayOrder = window.open && (await this.#night.left(window.since)) > 0;
    await this.#keepLeases();
    await this.#takeLeases(mayOrder);
    await this.#flight.look(this.#underWay);
    for (const batch of [...this.#underWay]) {
      await batch.step(mayOrder);
      if (batch.over) await this.#release(batch);
    }
    // Turns: each batch may begin one group, then the next one, until no room or nothing to do is left.
    for (let began = mayOrder; began && !deps.stopping.aborted;) {
      began = false;
      for (const batch of this.#underWay) {
        if (!this.#flight.room()) break;
        if (batch.beginGroup(this.#night)) began = true;
      }
      const first = this.#underWay.shift();
      if (first !== undefined) this.#underWay.push(first);
    }
    await this.#upkeep();
  }

  async #keepLeases(): Promise<void> {
    const { leaseMs } = this.#deps.config.batches;
    if (this.#underWay.length === 0 || performance.now() - this.#renewedAt < leaseMs / 3) return;
    const kept = await renewLeases(
      this.#deps,
      this.#underWay.map(({ leased }) => leased.lease)
    );
    this.#renewedAt = performance.now();
    for (const batch of this.#underWay) if (!kept.has(batch.leased.lease)) batch.loseLease();
    this.#underWay = this.#underWay.filter(({ leased }) => kept.has(leased.lease));
  }

  async #takeLeases(mayOrder: boolean): Promise<void> {
    const { concurrency } = this.#deps.config.batches;
    while (this.#underWay.length < concurrency) {
      const busy = this.#underWay.filter(batch => batch.needsItsParty).map(({ leased }) => leased.partyId);
      const leased = await takeLease(this.#deps, mayOrder, busy);
      if (leased === undefined) return;
      this.#underWay.push(new BatchUnderWay(this.#deps, leased, this.#flight));
      if (this.#underWay.length === 1) this.#renewedAt = performance.now();
    }
  }

  async #release(batch: BatchUnderWay): Promise<void> {
    this.#underWay = this.#underWay.filter(other => other !== batch);
    await batch.ended();
    await endLeases(this.#deps, [batch.leased.lease]);
  }

  async #upkeep(): Promise<void> {
    const now = performance.now();
    const { batches } = this.#deps.config;
    if (now - this.#erasedAt >= batches.retentionMs) {
      this.#erasedAt = now;
      await eraseExpired(this.#deps);
    }
    if (now - this.#measuredAt >= 5_000) {
      this.#measuredAt = now;
      await this.#measure();
    }
  }

  async #measure(): Promise<void> {
    const rows = await this.#deps.sql.rows<{ state: string; batches: number; queued: string }>(
      this.#deps.database,
      'ra_batches_measure',
      `select b.state, count(*)::int as batches, coalesce(sum(b.requests - coalesce(g.items, 0)), 0) as queued
       from ra.batch b left join lateral (
         select sum(items) as items from ra.batch_group where batch_id = b.id
       ) g on true
       where b.state in ('PENDING', 'PARSING', 'QUEUED', 'PROCESSING', 'PAUSED') group by b.state`,
      []
    );
    const { batches, queue } = this.#deps.batch.measures;
    batches.reset();
    for (const row of rows) batches.set({ state: row.state }, row.batches);
    queue.set(
      rows.filter(({ state }) => state !== 'PENDING').reduce((sum, row) => sum + Number(row.queued), 0)
    );
  }
}
