import type { Knex } from 'knex';
import { eui64ToSigned } from '../../pki/index.js';

/** Certificates issued for a device, and places held by requests that are open. */
export interface DeviceCount {
  readonly issued: number;
  readonly reserved: number;
}

export async function deviceCount(knex: Knex, eui: bigint): Promise<DeviceCount> {
  const row = (await knex('ra.device_counter')
    .select('issued', 'reserved')
    .where('eui', eui64ToSigned(eui).toString())
    .first()) as DeviceCount | undefined;
  return row ?? { issued: 0, reserved: 0 };
}

/**
 * Holds one place for a device; false when the limit leaves none. The row lock makes concurrent requests take
 * turns, so that the limit cannot be passed.
 */
export async function reserveDevice(trx: Knex.Transaction, eui: bigint, limit: number): Promise<boolean> {
  if (limit < 1) return false;
  const { rows } = await trx.raw<{ rows: unknown[] }>(
    `insert into ra.device_counter as c (eui, reserved) values (?, 1)
     on conflict (eui) do update set reserved = c.reserved + 1
       where c.issued + c.reserved + 1 <= ?
     returning eui`,
    [eui64ToSigned(eui).toString(), limit]
  );
  return rows.length === 1;
}

/** Gives places back: `issued` of them became certificates. Counters in the order of their keys. */
export async function settleDevices(
  trx: Knex.Transaction,
  settled: ReadonlyMap<bigint, { released: number; issued: number }>,
  at: Date
): Promise<void> {
  const euis = [...settled.keys()].sort((a, b) => (a < b ? -1 : 1));
  for (const eui of euis) {
    const { released, issued } = settled.get(eui) ?? { released: 0, issued: 0 };
    await trx.raw(
      `update ra.device_counter set reserved = reserved - ?, issued = issued + ?,
         first_issued_at = case when ? > 0 then coalesce(first_issued_at, ?) else first_issued_at end
       where eui = ?`,
      [released, issued, issued, at, eui.toString()]
    );
  }
}
