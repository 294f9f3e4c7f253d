import type { Knex } from 'knex';
import type { Sql } from '../../ops/kit/deps.js';
import type { RaContext } from '../deps.js';
import { GroupCommit } from '../group-commit.js';
import { Refusal } from '../refusal.js';
import type { RaStage } from '../stages.js';
import type { Settled } from './serve.js';

/** What is handed out. */
export interface Delivery {
  readonly requestId: string;
  /** DER. */
  readonly certificate: Uint8Array;
  /**
   * Call when the answer was written whole: from then on the same request again is a duplicate. Best effort: when
   * it is not recorded, the same request again receives the certificate again. Without the call, because the
   * connection broke before, it does as well.
   */
  confirm(): void;
}

/**
 * Places the audit event of a delivery before the answer leaves, with what is not in the log yet of its request; those
 * that wait at the same time share one write. Throws where the event cannot be placed: then no answer may say success. `answer` adds to the event what
 * names the answer.
 */
export async function deliver(
  deps: RaContext,
  { request, sealed }: Settled,
  actor: string,
  answer: Readonly<Record<string, string>> = {}
): Promise<Delivery> {
  await deps.stage('ra:deliver:before' satisfies RaStage);
  const { certificate, serial, availableAt } = request;
  if (certificate === undefined || serial === undefined || availableAt === undefined)
    throw new Refusal('internal', 'no certificate to deliver');
  const at = deps.clock.now();
  const placed = deps.sealing.append([
    {
      type: 'ra.certificate.delivered',
      actor,
      facts: {
        ...answer,
        request: request.id,
        serial,
        validatedAt: request.validatedAt.toISOString(),
        availableAt: availableAt.toISOString()
      }
    }
  ]);
  await Promise.all([sealed, placed]);
  await deps.stage('ra:deliver:after' satisfies RaStage);
  return {
    requestId: request.id,
    certificate,
    confirm: () => deps.deliveries.confirm({ requestId: request.id, at, confirmedAt: deps.clock.now() })
  };
}

interface Mark {
  readonly requestId: string;
  readonly at: Date;
  readonly confirmedAt: Date;
}

/** DESIGN: 256 marks are one statement of some 5 ms; 8,192 that wait are seconds behind, and are then let go. */
const maxMarks = 256;
const maxWaitingMarks = 8_192;
/**
 * DESIGN: 20 ms. The answers of a group are written one by one within some milliseconds: one statement marks them all.
 * Longer, and more answers are sent again instead of refused as duplicates after this process was killed.
 */
const gatherMs = 20;

/** Marks requests as delivered once their answers are written, all that wait with one statement. */
export class Deliveries {
  /** Marks under way: a request that comes again before its mark stands is a duplicate already. */
  readonly #confirmed = new Set<string>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #marks: GroupCommit<Mark, true>;
  readonly #onFault: (error: unknown) => void;

  constructor(database: Knex, sql: Sql, onFault: (error: unknown) => void) {
    this.#onFault = onFault;
    this.#marks = new GroupCommit({
      maxGroup: maxMarks,
      maxWaiting: maxWaitingMarks,
      full: () => new Error('too many delivery marks wait'),
      hold: { ms: gatherMs, holds: waiting => waiting < maxMarks },
      async work(marks) {
        await sql.rows(
          database,
          'ra_confirm_deliveries',
          `update ra.request r set delivered_at = coalesce(r.delivered_at, m.at), delivery_confirmed_at = m.confirmed_at
           from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) as m (id, at, confirmed_at)
           where r.id = m.id and r.state = 'issued'`,
          [
            marks.map(({ requestId }) => requestId),
            marks.map(({ at }) => at),
            marks.map(({ confirmedAt }) => confirmedAt)
          ]
        );
        return marks.map(() => true as const);
      }
    });
  }

  isConfirmed(requestId: string): boolean {
    return this.#confirmed.has(requestId);
  }

  confirm(mark: Mark): void {
    this.#confirmed.add(mark.requestId);
    const marked: Promise<void> = this.#marks
      .submit(mark)
      .then(() => undefined, this.#onFault)
      .finally(() => {
        this.#confirmed.delete(mark.requestId);
        this.#underWay.delete(marked);
      });
    this.#underWay.add(marked);
  }

  /** When all marks so far stand, or could not be made. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }
}
