import type { Knex } from 'knex';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Clock } from '../ops/kit/clock.js';
import { latestCrls } from './ledger/crl.js';
import { countOpenIntents } from './ledger/intent.js';
import { outboxLag } from './ledger/outbox.js';
import { stoppedRaKeys } from './ledger/ra-key.js';

export interface CaMetrics {
  readonly certificates: Counter<'profile'>;
  readonly refusals: Counter<'code'>;
  readonly abandoned: Counter<'reason'>;
  readonly signing: Histogram;
  readonly claimFailures: Counter<'ra'>;
}

export function createMetrics(registry: Registry, database: Knex, clock: Clock): CaMetrics {
  const registers = [registry];
  const metrics = {
    certificates: new Counter({
      name: 'opensmki_ca_certificates_total',
      help: 'Certificates signed, verified and recorded',
      labelNames: ['profile'],
      registers
    }),
    refusals: new Counter({
      name: 'opensmki_ca_refusals_total',
      help: 'Items and orders refused',
      labelNames: ['code'],
      registers
    }),
    abandoned: new Counter({
      name: 'opensmki_ca_abandoned_serials_total',
      help: 'Serials given up for ever',
      labelNames: ['reason'],
      registers
    }),
    signing: new Histogram({
      name: 'opensmki_ca_signing_seconds',
      help: 'Time a group spends with the signer',
      // From one signature of SoftHSM (below a millisecond) to a group of a thousand on a slow token.
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers
    }),
    claimFailures: new Counter({
      name: 'opensmki_ca_claim_failures_total',
      help: 'Claims that failed',
      labelNames: ['ra'],
      registers
    })
  };
  observeLedger(registers, database, clock);
  return metrics;
}

/** What the ledger says is read when somebody asks; a database that is away leaves the last value. */
function observeLedger(registers: Registry[], database: Knex, clock: Clock): void {
  const oldest = new Gauge({
    name: 'opensmki_ca_outbox_oldest_seconds',
    help: 'Age of the oldest order not yet acknowledged',
    registers
  });
  const rows: readonly { name: string; help: string; read: (gauge: Gauge) => Promise<void> }[] = [
    {
      name: 'opensmki_ca_outbox_waiting',
      help: 'Finished orders not yet acknowledged by repository and RA',
      read: async gauge => {
        const { waiting, oldestSeconds } = await outboxLag(database);
        gauge.set(waiting);
        oldest.set(oldestSeconds);
      }
    },
    {
      name: 'opensmki_ca_open_intents',
      help: 'Orders being executed, by any process of this database',
      read: async gauge => gauge.set(await countOpenIntents(database))
    },
    {
      name: 'opensmki_ca_stopped_ra_keys',
      help: 'RA keys stopped until a person releases them',
      read: async gauge => gauge.set((await stoppedRaKeys(database)).length)
    },
    {
      name: 'opensmki_ca_crl_remaining_seconds',
      help: 'Shortest time until nextUpdate of a latest revocation list',
      read: async gauge => {
        const ends = (await latestCrls(database)).map(({ nextUpdate }) => nextUpdate.getTime());
        if (ends.length > 0) gauge.set((Math.min(...ends) - clock.now().getTime()) / 1_000);
      }
    }
  ];
  for (const { name, help, read } of rows) {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers,
      collect: () => read(gauge).catch(() => undefined)
    });
  }
}
