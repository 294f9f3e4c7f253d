import type { TestSystem } from '../kit/system.js';

/** How much there is of everything that a request could leave behind. */
export async function leftBehind(test: TestSystem): Promise<Readonly<Record<string, number>>> {
  const [row] = await test.sql<Record<string, number>>(`select
    (select count(*)::int from ra.request) as requests,
    (select count(*)::int from ra.orders) as orders,
    (select count(*)::int from ra.key_registry) as keys,
    (select coalesce(sum(reserved), 0)::int from ra.device_counter) as "places held",
    (select coalesce(sum(issued), 0)::int from ra.device_counter) as "places used",
    (select count(*)::int from ra.system) as systems,
    (select count(*)::int from ca.signed_order) as "orders at the CA",
    (select count(*)::int from ca.intent) as intents,
    (select count(*)::int from ca.intent_item) as serials,
    (select count(*)::int from ca.certificate) as certificates,
    (select count(*)::int from repository.certificate) as published`);
  if (row === undefined) throw new Error('nothing was counted');
  return row;
}
