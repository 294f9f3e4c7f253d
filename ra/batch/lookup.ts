import type { Transaction } from '../../ops/kit/deps.js';
import type { Knex } from 'knex';
import type { RaContext } from '../deps.js';
import { GroupFacts, itemStates } from './packed-group.js';
import { batchItemOf, requestIdText } from './request-id.js';

/** What a request of a batch came to, for those who know its identifier only. */
export interface BatchItemOutcome {
  readonly systemId: string;
  /** SHA-256 of the octets received. */
  readonly requestHash: Uint8Array;
  readonly state: 'open' | 'issued' | 'refused' | 'failed';
}

const outcomeStates: Readonly<Record<number, BatchItemOutcome['state']>> = {
  [itemStates.open]: 'open',
  [itemStates.issued]: 'issued',
  [itemStates.refused]: 'refused',
  [itemStates.caRefused]: 'refused',
  [itemStates.failed]: 'failed'
};

interface Row {
  batch_id: string;
  first_item: number;
  system_id: string;
  facts: Buffer;
  states: Buffer;
  order_left: boolean;
}

/**
 * Outcomes of the requests of batches among these identifiers; others, and any that is no request of a batch, are
 * left out. Groups are read once each, and only as a key is offered again. While a CA may still report an order that it
 * never answered, what ended without a certificate counts as open.
 */
export async function batchItemOutcomes(
  deps: RaContext,
  database: Knex | Transaction,
  requestIds: readonly string[]
): Promise<Map<string, BatchItemOutcome>> {
  const outcomes = new Map<string, BatchItemOutcome>();
  const wanted = requestIds.flatMap(requestId => {
    const place = batchItemOf(requestId);
    return place === undefined ? [] : [{ requestId, batch: place.batch, item: place.item }];
  });
  if (wanted.length === 0) return outcomes;
  const rows = await deps.sql.rows<Row>(
    database,
    'ra_batch_items',
    `select g.batch_id, g.first_item, b.system_id, g.facts, g.states, g.order_left
     from (
       select distinct f.id from unnest($1::bigint[], $2::int[]) as w (batch_id, item)
       cross join lateral (
         select id from ra.batch_group
         where batch_id = w.batch_id and first_item <= w.item order by first_item desc limit 1
       ) f
     ) found join ra.batch_group g on g.id = found.id join ra.batch b on b.id = g.batch_id`,
    [wanted.map(({ batch }) => batch), wanted.map(({ item }) => item)]
  );
  const groups = rows.map(row => ({
    ...row,
    batch: BigInt(row.batch_id),
    packed: new GroupFacts(row.facts)
  }));
  for (const { requestId, batch, item } of wanted) {
    const group = groups.find(
      ({ batch: of, first_item, packed }) =>
        of === batch && first_item <= item && item < first_item + packed.count
    );
    if (group === undefined) continue;
    const index = item - group.first_item;
    if (requestIdText(group.packed.requestId(index)) !== requestId) continue;
    outcomes.set(requestId, {
      systemId: group.system_id,
      requestHash: group.packed.requestHash(index),
      state: outcomeOf(group.states[index] ?? itemStates.open, group.order_left)
    });
  }
  return outcomes;
}

function outcomeOf(state: number, orderLeft: boolean): BatchItemOutcome['state'] {
  const outcome = outcomeStates[state] ?? 'open';
  return orderLeft && outcome !== 'issued' ? 'open' : outcome;
}
