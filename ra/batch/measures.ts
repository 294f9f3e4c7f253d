import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export type BatchMeasures = ReturnType<typeof batchMeasures>;

/** Measures of the batched service. No label holds a party, a batch or a device. */
export function batchMeasures(register: Registry) {
  const registers = [register];
  return {
    batches: new Gauge({
      name: 'opensmki_ra_batches',
      help: 'Batches that are not at their end, by state',
      labelNames: ['state'],
      registers
    }),
    uploads: new Counter({
      name: 'opensmki_ra_batch_uploads_total',
      help: 'Uploads by what became of them: the code of the refusal, or `stored`',
      labelNames: ['outcome'],
      registers
    }),
    requests: new Counter({
      name: 'opensmki_ra_batch_requests_total',
      help: 'Requests of batches that have their outcome, by status',
      labelNames: ['status'],
      registers
    }),
    groups: new Histogram({
      name: 'opensmki_ra_batch_group_requests',
      help: 'Requests in a group',
      buckets: [1, 8, 32, 64, 128, 250, 500, 1_000],
      registers
    }),
    stages: new Histogram({
      name: 'opensmki_ra_batch_stage_seconds',
      help: 'Time by stage: upload, parse, check and decide of a group, its way through the CA, settling its report',
      labelNames: ['stage'],
      buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300],
      registers
    }),
    inFlight: new Gauge({
      name: 'opensmki_ra_batch_groups_in_flight',
      help: 'Groups of this process that are checked, or ordered and not settled',
      registers
    }),
    queue: new Gauge({
      name: 'opensmki_ra_batch_requests_queued',
      help: 'Requests of approved batches that no group holds yet',
      registers
    })
  };
}
