import type { AuditTicket } from '../../ops/kit/audit.js';
import type { ComponentDeps } from '../../ops/kit/deps.js';
import { eui64ToSigned } from '../../pki/index.js';
import { auditEvent } from '../audit.js';
import { asRepositoryError, RepositoryError } from '../errors.js';
import { copyCertificates, enterPublications } from '../store/publications.js';
import { findStanding } from '../store/standing.js';
import { classify, type CheckedGroup, type Verdict } from './classify.js';
import { sha256 } from './describe-certificate.js';

/** What became of a group that was not refused. */
export type LodgedGroup =
  | { readonly outcome: 'repeated' }
  | {
      readonly outcome: 'published';
      /** Number in the feed. */
      readonly sequence: string;
      /** Resolves when the events of the transaction are in the log. */
      readonly seal: () => Promise<void>;
    };

type Outcome = LodgedGroup | { readonly outcome: 'refused'; readonly error: RepositoryError };

interface Waiting {
  readonly group: CheckedGroup;
  readonly resolve: (lodged: LodgedGroup) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * DESIGN: certificates of one transaction: two messages as large as they come. More would only hold memory and
 * make whoever waits wait longer; at a few hundred a row costs the server its least.
 */
const maxCertificates = 2_000;

/**
 * DESIGN: another repository was first in one of the groups. Each time round, what it entered is seen and left
 * out; who is still first after that many is in trouble of another kind.
 */
const maxAttempts = 8;

/**
 * DESIGN: certificates that may wait, some 40 MB: as many as a database that stops for seconds leaves behind, and
 * far more than a CA has in flight. Whoever comes then is told to come again, which costs nothing but time.
 */
const maxWaiting = 20_000;

type LodgerDeps = Pick<ComponentDeps, 'database' | 'sql' | 'audit'>;

/**
 * Brings checked groups into the tables. One alone goes at once; those that come while a transaction is under way
 * go together into the next. Each group is accepted or refused by itself.
 */
export class Lodger {
  readonly #deps: LodgerDeps;
  #queue: Waiting[] = [];
  #waiting = 0;
  #running = false;

  constructor(deps: LodgerDeps) {
    this.#deps = deps;
  }

  /** Resolves after the commit; rejects with the refusal of this group, or with a fault of ours. */
  async lodge(group: CheckedGroup): Promise<LodgedGroup> {
    if (this.#waiting > 0 && this.#waiting + group.checked.length > maxWaiting)
      throw new RepositoryError('repository/unavailable', 'too many certificates wait for the database');
    return new Promise((resolve, reject) => {
      this.#waiting += group.checked.length;
      this.#queue.push({ group, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#queue.length > 0) await this.#settle(this.#take());
    this.#running = false;
  }

  /** The first of the queue, and as many behind it as fit. */
  #take(): Waiting[] {
    let certificates = 0;
    const over = this.#queue.findIndex(({ group }, index) => {
      certificates += group.checked.length;
      return index > 0 && certificates > maxCertificates;
    });
    const taken = this.#queue.splice(0, over < 0 ? this.#queue.length : over);
    for (const { group } of taken) this.#waiting -= group.checked.length;
    return taken;
  }

  async #settle(waiting: readonly Waiting[]): Promise<void> {
    let outcomes: readonly Outcome[];
    try {
      outcomes = await lodgeGroups(
        this.#deps,
        waiting.map(({ group }) => group)
      );
    } catch (error) {
      // A fault of database or log meets all; what nobody foresaw is the fault of one, and the others go without it.
      const alone = waiting.length === 1 || asRepositoryError(error).code !== 'repository/internal';
      for (const each of waiting)
        if (alone) each.reject(error);
        else await this.#settle([each]);
      return;
    }
    waiting.forEach(({ resolve, reject }, index) => {
      const outcome = outcomes[index];
      if (outcome === undefined) reject(new Error('each group has an outcome'));
      else if (outcome.outcome === 'refused') reject(outcome.error);
      else resolve(outcome);
    });
  }
}

/**
 * What is here already is asked for beforehand, so that everything can be copied. Where another repository enters
 * the same meanwhile, a unique index says so, and all begins anew with what is there then.
 */
async function lodgeGroups(deps: LodgerDeps, groups: readonly CheckedGroup[]): Promise<readonly Outcome[]> {
  const certificates = groups.flatMap(group => group.checked);
  const asked = {
    serials: certificates.map(one => one.serial),
    euis: certificates.flatMap(one =>
      one.kind === 'device' && one.eui !== null ? [eui64ToSigned(one.eui)] : []
    ),
    issuerSerials: [...new Set(certificates.flatMap(one => one.issuer?.serial ?? []))],
    groups: groups.map(group => group.groupId)
  };
  for (let attempt = 1; ; attempt += 1) {
    const verdicts = classify(groups, await findStanding(deps, asked));
    try {
      return await write(deps, groups, verdicts);
    } catch (error) {
      const another =
        typeof error === 'object' && error !== null && 'code' in error && error.code === '23505';
      if (!another || attempt === maxAttempts) throw error;
    }
  }
}

/** One transaction: rows, events and, last, the numbers of the feed, for which other repositories wait. */
async function write(
  { database, sql, audit }: LodgerDeps,
  groups: readonly CheckedGroup[],
  verdicts: readonly Verdict[]
): Promise<readonly Outcome[]> {
  const published = verdicts.flatMap((verdict, index) => {
    const group = groups[index];
    return verdict.outcome === 'published' && group !== undefined ? [{ ...verdict, group }] : [];
  });
  if (published.length === 0) return verdicts as readonly Exclude<Verdict, { outcome: 'published' }>[];
  const { ticket, sequences } = await sql.transaction(database, async trx => {
    await copyCertificates(
      sql,
      trx,
      published.flatMap(({ placed }) => placed)
    );
    const recorded = await audit.record(
      trx,
      published.map(({ group, placed }) =>
        auditEvent('repository.certificates.published', group.peer, {
          group: group.groupId,
          certificates: placed.length,
          profiles: [...new Set(placed.map(({ checked }) => checked.profile))],
          // Which ones, without listing them: the hash over their SHA-256 in the order of the group.
          digest: sha256(Buffer.concat(placed.map(({ checked }) => checked.sha256))).toString('hex')
        })
      )
    );
    const numbers = await enterPublications(
      { sql, database: trx },
      published.map(({ group, publication, placed }) => ({
        id: publication,
        kind: 'certificates' as const,
        groupId: group.groupId,
        peer: group.peer,
        items: placed.length,
        acceptedAt: group.at
      }))
    );
    return { ticket: recorded, sequences: numbers };
  });
  const seal = sealOnce(audit, ticket);
  const numbered = new Map(published.map(({ publication }, index) => [publication, sequences[index] ?? '']));
  return verdicts.map(verdict =>
    verdict.outcome === 'published'
      ? { outcome: 'published', sequence: numbered.get(verdict.publication) ?? '', seal }
      : verdict
  );
}

/** The groups of a transaction have one ticket; who fails to place it leaves the next one to try again. */
function sealOnce(audit: ComponentDeps['audit'], ticket: AuditTicket): () => Promise<void> {
  let sealing: Promise<void> | undefined;
  return () =>
    (sealing ??= audit.seal(ticket).catch((error: unknown) => {
      sealing = undefined;
      throw error;
    }));
}
