import type { RaContext } from '../deps.js';
import { GroupFacts, GroupResults, itemStates } from './packed-group.js';
import { PackingError } from './packed-items.js';
import { itemError, type ItemStatus } from './item-status.js';

export interface BatchResult {
  /** From 0, in the order of the upload. */
  readonly number: number;
  readonly id: string;
  readonly status: ItemStatus;
  /** DER; set exactly for SUCCESS. */
  readonly certificate?: Uint8Array;
  readonly errorCode?: string;
  readonly errorText?: string;
}

interface Row {
  first_item: number;
  items: number;
  facts: Buffer;
  states: Buffer;
  results: Buffer | null;
}

/**
 * The results of a batch in the order of the upload, group by group: one group is in memory, however large the batch.
 * A group at once, for a promise a result costs more than the result. For a batch that is COMPLETED and not erased.
 */
export async function* batchResults(deps: RaContext, batchId: string): AsyncGenerator<Iterable<BatchResult>> {
  for (let next = 0; ;) {
    const [row] = await deps.sql.rows<Row>(
      deps.database,
      'ra_batch_results',
      `select first_item, items, facts, states, results from ra.batch_group
       where batch_id = $1 and first_item >= $2 order by first_item limit 1`,
      [batchId, next]
    );
    if (row === undefined) return;
    if (row.first_item !== next) throw new PackingError('a group that is missing');
    yield resultsOf(row);
    next = row.first_item + row.items;
  }
}

function* resultsOf(row: Row): Generator<BatchResult> {
  const facts = new GroupFacts(row.facts);
  const results = new GroupResults(row.items, row.results);
  for (let index = 0; index < row.items; index += 1) {
    const item = { number: row.first_item + index, id: facts.id(index) };
    if (row.states[index] === itemStates.issued) {
      const certificate = results.certificates[index];
      if (certificate === undefined) throw new PackingError('a certificate that is missing');
      yield { ...item, status: 'SUCCESS', certificate };
    } else yield { ...item, ...itemError(facts.refusal(index) ?? results.codes[index] ?? 'ca/refused') };
  }
}
