import type { RaContext } from '../deps.js';
import { GroupCommit, type Answer } from '../group-commit.js';
import { continuationOf } from '../intake/check.js';
import { checkIntakes, lookAgain, type Intake } from '../intake/index.js';
import { Refusal } from '../refusal.js';
import { decide, Overtaken, type Accepted, type Wish } from './decide.js';
import { rememberRequest, type IdempotencyKey } from './idempotency.js';
import type { Expectation } from './outcomes.js';
import { requestById, type StoredRequest } from './requests.js';
import { withdraw } from './withdraw.js';

/**
 * DESIGN: 128 requests are checked in some 15 ms and decided in as much. Fewer a group cost more transactions; more
 * would let the first of a group wait for the last.
 */
const maxGroup = 128;
/** DESIGN: at 2,000 requests a second two seconds of work; a client that waits longer is better told to come back. */
const maxWaiting = 4_096;
/**
 * DESIGN: 50 ms. While requests are on their way through the CA, a group of fewer would cost as many transactions of
 * every process as one of as many: it waits until as many have come, or until the others are through, which at full
 * load is some 20 ms, on a busy machine several times that. Longer and a CA that is away would hold up those who only
 * want to be told that it is; shorter and a busy machine goes back to small groups, and so gets busier. A request that
 * comes when none is under way never waits.
 */
const holdMs = 50;

/** A request on its way to a decision. */
interface Member {
  readonly intake: Intake;
  readonly idempotencyOf: ((intake: Intake) => IdempotencyKey) | undefined;
  /** Has passed the checks, and was overtaken once since. */
  readonly checked: boolean;
}

/** `join`: the same request is on record, and waits or has its certificate. */
type Verdict = Accepted | 'join';

/** Where single requests of all interfaces are checked and decided together. */
export type AcceptGroup = GroupCommit<Member, Verdict>;

export function acceptGroup(context: () => RaContext): AcceptGroup {
  return new GroupCommit({
    maxGroup,
    maxWaiting,
    full: () => new Refusal('overloaded'),
    hold: { ms: holdMs, holds: waiting => waiting < context().outcomes.open },
    begun(size, waiting) {
      const { measures } = context();
      measures.groupSize.observe(size);
      measures.groupWaiting.set(waiting);
    },
    work: members => acceptAll(context(), members)
  });
}

async function acceptAll(deps: RaContext, members: readonly Member[]): Promise<readonly Answer<Verdict>[]> {
  const unchecked = members.filter(({ checked }) => !checked).map(({ intake }) => intake);
  const verdicts = new Map<Intake, Answer<Verdict>>(
    unchecked.length === 0 ? [] : await checkIntakes(deps, unchecked)
  );
  const wishes: Wish[] = [];
  for (const { intake, idempotencyOf } of members) {
    if (verdicts.has(intake)) continue;
    if (continuationOf(deps, intake) === 'join') verdicts.set(intake, 'join');
    else wishes.push({ intake, idempotency: idempotencyOf?.(intake) });
  }
  if (wishes.length > 0)
    for (const [intake, decided] of await decide(deps, wishes)) verdicts.set(intake, decided);
  return members.map(({ intake }) => verdicts.get(intake) ?? new Error('not decided'));
}

/**
 * Steps 1 to 3 of issuance, for one request of any interface, in the group of those that arrive with it.
 *
 * 1. Check: the table of intake checks. A refusal leaves nothing but its audit event.
 * 2. Reserve: key, device place, request and audit events in one transaction. Lost to another request: look again;
 *    the winner of an equal request is joined, any other makes this one a duplicate.
 * 3. Order: signed before that transaction and stored in it, so that a reservation without an order, or an order
 *    without a reservation, cannot exist. The token not answering leaves nothing reserved.
 *
 * The answer is to be given to `outcome` or `outcomeOrRefusal`, which end its wait.
 */
export async function accept(
  deps: RaContext,
  intake: Intake,
  idempotencyOf?: (intake: Intake) => IdempotencyKey
): Promise<Accepted> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const verdict = await deps.accepting.submit({ intake, idempotencyOf, checked: attempt > 1 });
      if (verdict === 'join') return await join(deps, intake, idempotencyOf?.(intake));
      return verdict;
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      // Three looks settle it: the winner's row is there after the first.
      if (attempt === 3)
        throw new Refusal('database/unavailable', 'overtaken again and again', { cause: error });
    }
    const refusal = (await lookAgain(deps, [intake])).get(intake);
    if (refusal !== undefined) throw refusal;
  }
}

async function join(
  deps: RaContext,
  intake: Intake,
  idempotency: IdempotencyKey | undefined
): Promise<Accepted> {
  const request = intake.earlier;
  if (request === undefined) throw new Error('nothing to join');
  if (idempotency !== undefined) await rememberRequest(deps, idempotency, request.id, deps.clock.now());
  await deps.audit.append([
    {
      type: 'ra.request.attached',
      actor: intake.client.system.id,
      facts: { request: request.id, state: request.state, interface: intake.interface }
    }
  ]);
  return attach(deps, request.id);
}

/** Attaches to a request that is on record. */
export async function attach(deps: RaContext, requestId: string): Promise<Accepted> {
  // First the expectation, then the look: a report between the two is not missed.
  const expectation = deps.outcomes.expect(requestId);
  try {
    return { request: await existing(deps, requestId), expectation };
  } catch (error) {
    expectation.release();
    throw error;
  }
}

async function existing(deps: RaContext, requestId: string): Promise<StoredRequest> {
  const request = await requestById(deps, requestId);
  if (request === undefined) throw new Error('the request is gone');
  return request;
}

/** A request as it is at the end of the wait. */
export interface Settled {
  readonly request: StoredRequest;
  /** Settles when what was decided of it is in the audit log; nothing is told to the client before. */
  readonly sealed: Promise<void>;
}

/** Waits until the request is closed, at most `ms`. */
export async function outcome(
  deps: RaContext,
  accepted: Accepted,
  ms: number,
  stop: AbortSignal
): Promise<Settled> {
  const { expectation } = accepted;
  try {
    const request = await settledWithin(deps, accepted, ms, stop);
    return settled(request ?? (await existing(deps, accepted.request.id)), expectation);
  } finally {
    expectation.release();
  }
}

/**
 * The same, for an interface that answers once: at the deadline an unclaimed order is withdrawn, a claimed one
 * stays. Throws the `Refusal` that the client is told unless there is a certificate.
 */
export async function outcomeOrRefusal(
  deps: RaContext,
  accepted: Accepted,
  ms: number,
  stop: AbortSignal
): Promise<Settled> {
  const { expectation } = accepted;
  try {
    const { id } = accepted.request;
    let request = (await settledWithin(deps, accepted, ms, stop)) ?? (await existing(deps, id));
    // The deadline of one interface does not end what another began.
    if (request.state === 'open' && !stop.aborted && request.interface !== 'json') {
      await withdraw(deps, id);
      request = await existing(deps, id);
    }
    const end = settled(request, expectation);
    if (request.state === 'issued') return end;
    await end.sealed;
    throw closedWithout(request);
  } finally {
    expectation.release();
  }
}

function settled(request: StoredRequest, expectation: Expectation): Settled {
  const sealed = expectation.sealed();
  // Whoever answers waits for it; a client that is gone leaves nobody who does.
  sealed.catch(() => undefined);
  return { request, sealed };
}

/** The request with what came of it; `undefined` when nothing is known here by the end of the wait. */
async function settledWithin(
  deps: RaContext,
  { request, expectation }: Accepted,
  ms: number,
  stop: AbortSignal
): Promise<StoredRequest | undefined> {
  // While the audit log is away nothing is waited for, let alone told.
  await expectation.sealed();
  if (request.state !== 'open') return request;
  if (ms <= 0 || stop.aborted || deps.stopping.aborted) return undefined;
  const come = await expectation.wait(ms, stop);
  return come === undefined ? undefined : { ...request, ...come.outcome };
}

/** Why a request has no certificate. */
export function closedWithout(request: StoredRequest): Refusal {
  if (request.state === 'open') return new Refusal('ca/pending');
  if (request.state === 'failed') return new Refusal('ca/not-claimed');
  return new Refusal('ca/refused', request.outcome);
}
