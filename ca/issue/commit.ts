/**
 * Steps 6 and 8 for the orders of a lane together: what arrives while one commit is in flight goes into the next.
 * Orders out of the ordinary (there already, refused requests of other orders, a key at its limit, serials given up)
 * and orders after a fault are recorded by themselves, so that none suffers for another.
 */
import { lanes } from '../../pki/messages/index.js';
import type { AuditEvent, AuditTicket } from '../../ops/kit/audit.js';
import type { Transaction } from '../../ops/kit/deps.js';
import { createGroupCommit, type GroupCommit } from '../group-commit.js';
import { insertCertificates } from '../ledger/certificate.js';
import { closeGroups, openGroups } from '../ledger/group.js';
import { insertIntentItems } from '../ledger/intent.js';
import { certificatesPerCommit } from '../ledger/ra-key.js';
import type { RecordContext } from './context.js';
import { intentEvent, recordIntent, shardOf, type IntentInput, type IntentRecord } from './record-intent.js';
import { recordResult, resultEvents, type ResultInput, type ResultRecord } from './record-result.js';

/** The two transactions of an attempt. */
export interface Commits {
  /** Step 6. Throws `OrderRefused` with `ca/ra-stopped` or `ca/ra-limit`: nothing was recorded then. */
  intent(input: IntentInput): Promise<IntentRecord>;
  /** Step 8, second half. */
  result(input: ResultInput): Promise<ResultRecord>;
}

/** Not all orders of the commit are ordinary; what was written is rolled back. */
class NotTogether extends Error {}

export function createCommits(ctx: RecordContext): Commits {
  const intents = new Map<string, GroupCommit<IntentInput, IntentRecord>>();
  const results = new Map(
    lanes.map(lane => [
      lane,
      createGroupCommit<ResultInput, ResultRecord>({
        together: inputs => recordResults(inputs, ctx),
        alone: input => recordResult(input, ctx),
        weight: ({ certificates }) => certificates.length,
        limit: certificatesPerCommit
      })
    ])
  );

  /** One commit at a time of each lane and RA key: the key's count is of one key, and a lane's shard of one commit. */
  function intentCommit(lane: string, keyId: Uint8Array): GroupCommit<IntentInput, IntentRecord> {
    const name = `${lane} ${Buffer.from(keyId).toString('hex')}`;
    let commit = intents.get(name);
    if (commit === undefined) {
      commit = createGroupCommit<IntentInput, IntentRecord>({
        together: inputs => recordIntents(inputs, ctx),
        alone: input => recordIntent(input, ctx),
        weight: ({ prepared }) => prepared.length,
        limit: certificatesPerCommit
      });
      intents.set(name, commit);
    }
    return commit;
  }

  return {
    intent(input) {
      const { beginning, prepared, refused, opened } = input;
      if (beginning.kind !== 'first' || prepared.length === 0 || refused.length > 0)
        return recordIntent(input, ctx);
      return intentCommit(opened.order.lane, opened.key.keyId)(input);
    },
    result(input) {
      const { close, abandoned, refused, alarms, opened } = input;
      const ordinary = close && abandoned.length + refused.length + alarms.length === 0;
      const commit = results.get(opened.order.lane);
      return ordinary && commit !== undefined ? commit(input) : recordResult(input, ctx);
    }
  };
}

async function recordIntents(
  inputs: readonly IntentInput[],
  ctx: RecordContext
): Promise<readonly IntentRecord[] | undefined> {
  const [first] = inputs;
  if (first === undefined) return [];
  const { key, order } = first.opened;
  const ticket = await transaction(ctx, async trx => {
    const groups = inputs.map(({ opened, prepared }) => ({
      orderId: opened.orderId,
      signed: opened.signed,
      domain: opened.order.domain,
      lane: opened.order.lane,
      requestIds: prepared.map(({ checked }) => checked.requestId)
    }));
    const counted = {
      ...{ keyId: key.keyId, certificatesPerHour: key.certificatesPerHour },
      ...{ shard: shardOf(order.lane, ctx), at: ctx.clock.now() }
    };
    if (!(await openGroups(ctx.sql, trx, groups, ctx.holder, counted))) throw new NotTogether();
    await insertIntentItems(
      ctx.sql,
      trx,
      inputs.map(({ opened, epoch, prepared }) => ({
        orderId: opened.orderId,
        epoch,
        items: prepared.map(({ intent }) => intent)
      }))
    );
    return inputs.map(({ opened, epoch, prepared }) => intentEvent(opened, epoch, prepared, ctx));
  });
  if (ticket === undefined) return undefined;
  return inputs.map(({ prepared, refused }) => ({ kind: 'recorded', items: prepared, refused, ticket }));
}

async function recordResults(
  inputs: readonly ResultInput[],
  ctx: RecordContext
): Promise<readonly ResultRecord[] | undefined> {
  const ticket = await transaction(ctx, async trx => {
    const groups = inputs.map(({ opened, epoch, ra, publish }) => ({
      ...{ orderId: opened.orderId, epoch, ra, publish }
    }));
    const { leaseMs } = ctx.config.limits;
    if (!(await closeGroups(ctx.sql, trx, groups, ctx.holder, leaseMs))) throw new NotTogether();
    await insertCertificates(
      ctx.sql,
      trx,
      inputs.flatMap(({ certificates }) => certificates)
    );
    return inputs.flatMap(input => resultEvents(input, ctx));
  });
  return ticket === undefined ? undefined : inputs.map(() => ({ kind: 'recorded', ticket }));
}

/** Writes and records the events of what was written; undefined when it cannot go together. */
async function transaction(
  ctx: RecordContext,
  write: (trx: Transaction) => Promise<readonly AuditEvent[]>
): Promise<AuditTicket | undefined> {
  try {
    return await ctx.sql.transaction(ctx.database, async trx => ctx.audit.record(trx, await write(trx)));
  } catch (error) {
    if (error instanceof NotTogether) return undefined;
    throw error;
  }
}
