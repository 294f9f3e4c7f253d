import type { Knex } from 'knex';
import type { Transaction } from '../../ops/kit/deps.js';
import { eui64FromSigned, eui64ToSigned } from '../../pki/index.js';
import type { RaContext } from '../deps.js';

/** Certificates issued for a device, and places held by requests that are open. */
export interface DeviceCount {
  readonly issued: number;
  readonly reserved: number;
}

const none: DeviceCount = { issued: 0, reserved: 0 };

/** The counts of devices, by EUI-64; every device asked for is in the answer. */
export async function deviceCounts(
  deps: RaContext,
  database: Pick<Knex, 'client'>,
  euis: readonly bigint[]
): Promise<ReadonlyMap<bigint, DeviceCount>> {
  const rows = await deps.sql.rows<DeviceCount & { eui: string }>(
    database,
    'ra_device_counts',
    'select eui, issued, reserved from ra.device_counter where eui = any($1::bigint[])',
    [[...new Set(euis)].map(signed)]
  );
  const counts = new Map<bigint, DeviceCount>(euis.map(eui => [eui, none]));
  for (const { eui, issued, reserved } of rows)
    counts.set(eui64FromSigned(BigInt(eui)), { issued, reserved });
  return counts;
}

/**
 * Holds places for devices, as many of those wanted as the limit leaves; answers how many, by EUI-64. The row locks,
 * taken in the order of the keys, make concurrent requests take turns, so that the limit cannot be passed.
 */
export async function reserveDevices(
  deps: RaContext,
  trx: Transaction,
  wanted: ReadonlyMap<bigint, number>,
  limit: number
): Promise<ReadonlyMap<bigint, number>> {
  const granted = new Map<bigint, number>([...wanted.keys()].map(eui => [eui, 0]));
  // A device of which another transaction makes the first row meanwhile is answered with nothing: its row is seen by
  // the next statement.
  for (let left = [...wanted]; left.length > 0;) {
    const rows = await deps.sql.rows<{ eui: string; wanted: number; held: boolean }>(
      trx,
      'ra_reserve_devices',
      reserving,
      [left.map(([eui]) => signed(eui)), left.map(([, count]) => count), limit]
    );
    left = [];
    for (const { eui: text, wanted: count, held } of rows) {
      const eui = eui64FromSigned(BigInt(text));
      if (count <= 0) continue;
      if (held) granted.set(eui, count);
      else left.push([eui, wanted.get(eui) ?? 0]);
    }
  }
  return granted;
}

const reserving = `
  with wanted as materialized (
    select eui, least(places, $3::int) as places from unnest($1::bigint[], $2::int[]) as w (eui, places)
  ), locked as materialized (
    select c.eui, c.issued + c.reserved as taken
    from ra.device_counter c where c.eui = any($1::bigint[]) order by c.eui for update
  ), possible as materialized (
    select w.eui, least(w.places, $3::int - coalesce(l.taken, 0)) as places
    from wanted w left join locked l on l.eui = w.eui order by w.eui
  ), held as (
    insert into ra.device_counter as c (eui, reserved)
    select eui, places from possible where places > 0 order by eui
    on conflict (eui) do update set reserved = c.reserved + excluded.reserved
      where c.issued + c.reserved + excluded.reserved <= $3::int
    returning c.eui
  )
  select p.eui, p.places as wanted, h.eui is not null as held
  from possible p left join held h on h.eui = p.eui`;

/**
 * Gives places back, by EUI-64 as a signed integer: `issued` of them became certificates. Counters are locked in the
 * order of their keys.
 */
export async function settleDevices(
  deps: RaContext,
  trx: Transaction,
  settled: ReadonlyMap<bigint, { released: number; issued: number }>,
  at: Date
): Promise<void> {
  if (settled.size === 0) return;
  const entries = [...settled].sort(([a], [b]) => (a < b ? -1 : 1));
  await deps.sql.also(
    trx,
    'ra_settle_devices',
    `with locked as materialized (
       select eui from ra.device_counter where eui = any($1::bigint[]) order by eui for update
     )
     update ra.device_counter c set reserved = c.reserved - s.released, issued = c.issued + s.issued,
       first_issued_at = case when s.issued > 0 then coalesce(c.first_issued_at, $4) else c.first_issued_at end
     from locked l join unnest($1::bigint[], $2::int[], $3::int[]) as s (eui, released, issued) on s.eui = l.eui
     where c.eui = l.eui`,
    [
      entries.map(([eui]) => eui.toString()),
      entries.map(([, { released }]) => released),
      entries.map(([, { issued }]) => issued),
      at
    ]
  );
}

function signed(eui: bigint): string {
  return eui64ToSigned(eui).toString();
}
