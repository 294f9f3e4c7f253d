import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What the repository counts. Labels are closed sets, never a caller's text. */
export interface Metrics {
  readonly answers: Counter<'operation' | 'status'>;
  readonly answerSeconds: Histogram<'operation'>;
  readonly published: Counter<'profile'>;
  readonly alarms: Counter<'code'>;
  readonly crlNextUpdate: Gauge<'name'>;
}

/** What a validation process counts beside that. */
export interface ValidationMetrics extends Metrics {
  readonly verdicts: Counter<'verdict'>;
  readonly signSeconds: Histogram;
}

export function createValidationMetrics(registry: Registry): ValidationMetrics {
  const registers = [registry];
  return {
    ...createMetrics(registry),
    verdicts: new Counter({
      name: 'opensmki_repository_verdicts_total',
      help: 'Verdicts given with a receipt: valid, or the code of the failure.',
      labelNames: ['verdict'],
      registers
    }),
    signSeconds: new Histogram({
      name: 'opensmki_repository_receipt_seconds',
      help: 'Time to have a receipt signed.',
      buckets: [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1],
      registers
    })
  };
}

export function createMetrics(registry: Registry): Metrics {
  const registers = [registry];
  return {
    answers: new Counter({
      name: 'opensmki_repository_answers_total',
      help: 'Answers of the public listener by operation and HTTP status.',
      labelNames: ['operation', 'status'],
      registers
    }),
    answerSeconds: new Histogram({
      name: 'opensmki_repository_answer_seconds',
      help: 'Time from the request to its answer on the public listener.',
      labelNames: ['operation'],
      // SEC L8.5 asks for 3 s, clients give up after 4 s.
      buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
      registers
    }),
    published: new Counter({
      name: 'opensmki_repository_published_total',
      help: 'Certificates and revocation lists accepted, by profile of the certificate or of the issuer.',
      labelNames: ['profile'],
      registers
    }),
    alarms: new Counter({
      name: 'opensmki_repository_alarms_total',
      help: 'Contradictions that a person must look at.',
      labelNames: ['code'],
      registers
    }),
    crlNextUpdate: new Gauge({
      name: 'opensmki_repository_crl_next_update_seconds',
      help: 'nextUpdate of the revocation list last accepted here, as Unix time, by name.',
      labelNames: ['name'],
      registers
    })
  };
}
