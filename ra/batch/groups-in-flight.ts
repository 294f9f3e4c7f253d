import type { RaContext } from '../deps.js';
import type { BatchUnderWay } from './batch-under-way.js';

/** A group that waits for the CA, or for its next try. */
export interface UnsettledGroup {
  readonly id: string;
  readonly batchId: string;
  readonly state: 'ordered' | 'again';
  readonly orderExpiresAt: Date;
  readonly retryAt: Date | undefined;
}

/** DESIGN: groups checked and decided at once; one is checked by the workers while another is in its transaction. */
const maxDeciding = 3;

/**
 * What this process has under way: groups being decided, and groups ordered and not settled, its own and those it
 * found with a batch. Bounded, so that checks never run far ahead of the CA; which groups are settled the database
 * says, whichever RA received the report.
 */
export class GroupsInFlight {
  readonly #deps: RaContext;
  #deciding = 0;
  /** By group; since when, where this process ordered it. */
  #unsettled = new Map<string, number | undefined>();

  constructor(deps: RaContext) {
    this.#deps = deps;
  }

  room(): boolean {
    const { groupsInFlight } = this.#deps.config.batches;
    return this.#deciding < maxDeciding && this.#deciding + this.#unsettled.size < groupsInFlight;
  }

  begin(): void {
    this.#deciding += 1;
    this.#measure();
  }

  /** The group was decided; with its number where it was ordered. */
  end(group?: string): void {
    this.#deciding -= 1;
    if (group !== undefined) this.#unsettled.set(group, performance.now());
    this.#measure();
    this.#deps.batch.work.wake();
  }

  /** Reads what is unsettled of the batches under way, and tells each of its own. */
  async look(batches: readonly BatchUnderWay[]): Promise<void> {
    if (batches.length === 0) {
      this.#unsettled.clear();
      this.#measure();
      return;
    }
    const asked = new Set(this.#unsettled.keys());
    const rows = await this.#deps.sql.rows<{
      id: string;
      batch_id: string;
      state: 'ordered' | 'again';
      order_expires_at: Date;
      retry_at: Date | null;
    }>(
      this.#deps.database,
      'ra_batch_groups_unsettled',
      `select id, batch_id, state, order_expires_at, retry_at from ra.batch_group
       where batch_id = any($1::bigint[]) and state <> 'settled'`,
      [batches.map(({ leased }) => leased.id)]
    );
    const found = new Map<string, number | undefined>();
    const byBatch = new Map<string, UnsettledGroup[]>();
    for (const row of rows) {
      found.set(row.id, this.#unsettled.get(row.id));
      const group = {
        id: row.id,
        batchId: row.batch_id,
        state: row.state,
        orderExpiresAt: row.order_expires_at,
        retryAt: row.retry_at ?? undefined
      };
      byBatch.set(row.batch_id, [...(byBatch.get(row.batch_id) ?? []), group]);
    }
    for (const [group, since] of this.#unsettled) {
      if (found.has(group)) continue;
      // Ordered while the question was under way: the next look finds it.
      if (!asked.has(group)) found.set(group, since);
      else if (since !== undefined)
        this.#deps.batch.measures.stages.observe({ stage: 'ca' }, (performance.now() - since) / 1_000);
    }
    this.#unsettled = found;
    this.#measure();
    for (const batch of batches) batch.unsettled = byBatch.get(batch.leased.id) ?? [];
  }

  #measure(): void {
    this.#deps.batch.measures.inFlight.set(this.#deciding + this.#unsettled.size);
  }
}
