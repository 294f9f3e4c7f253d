import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export type RaMetrics = ReturnType<typeof raMetrics>;

/** The RA's measures. No label holds a party, a device or a key. */
export function raMetrics(register: Registry) {
  const registers = [register];
  return {
    requests: new Counter({
      name: 'opensmki_ra_requests_total',
      help: 'Requests answered, by interface and status of the answer',
      labelNames: ['interface', 'status'],
      registers
    }),
    duration: new Histogram({
      name: 'opensmki_ra_request_seconds',
      help: 'From arrival of a request to its answer',
      labelNames: ['interface'],
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 30],
      registers
    }),
    openOrders: new Gauge({
      name: 'opensmki_ra_orders_open',
      help: 'Orders not finished, by state; `unreported`: claimed, expired and without a report',
      labelNames: ['state'],
      registers
    }),
    conflicts: new Counter({
      name: 'opensmki_ra_reservation_conflicts_total',
      help: 'Decisions rolled back because another request held the key, the device or the request',
      labelNames: ['reserved'],
      registers
    }),
    rates: new Counter({
      name: 'opensmki_ra_rate_exceeded_total',
      help: 'Requests over a rate class',
      labelNames: ['interface', 'class'],
      registers
    }),
    orders: new Counter({
      name: 'opensmki_ra_orders_total',
      help: 'Orders by what became of them',
      labelNames: ['event'],
      registers
    }),
    groupSize: new Histogram({
      name: 'opensmki_ra_group_size',
      help: 'Single requests that were checked and decided together',
      buckets: [1, 2, 4, 8, 16, 32, 64, 128],
      registers
    }),
    groupWaiting: new Gauge({
      name: 'opensmki_ra_group_waiting',
      help: 'Single requests that were left waiting when the last group began',
      registers
    }),
    alarms: new Counter({
      name: 'opensmki_ra_alarms_total',
      help: 'Events that need a person',
      labelNames: ['kind'],
      registers
    })
  };
}
