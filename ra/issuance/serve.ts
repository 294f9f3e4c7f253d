import type { RaContext } from '../deps.js';
import { continuationOf } from '../intake/check.js';
import { intakeChecks, type Intake } from '../intake/index.js';
import { Refusal } from '../refusal.js';
import type { RaStage } from '../stages.js';
import { decide, Overtaken } from './decide.js';
import { rememberRequest, type IdempotencyKey } from './idempotency.js';
import { requestById, type StoredRequest } from './requests.js';
import { withdraw } from './withdraw.js';

/**
 * Steps 1 to 3 of issuance, for one request of any interface. Answers the id of the request to wait for.
 *
 * 1. Check: the table of intake checks. A refusal leaves nothing but its audit event.
 * 2. Reserve: key, device place, request and audit events in one transaction. Lost to another request: look again;
 *    the winner of an equal request is joined, any other makes this one a duplicate.
 * 3. Order: signed before that transaction and stored in it, so that a reservation without an order, or an order
 *    without a reservation, cannot exist. The token not answering leaves nothing reserved.
 */
export async function accept(
  deps: RaContext,
  intake: Intake,
  idempotency?: (intake: Intake) => IdempotencyKey
): Promise<string> {
  await deps.stage('ra:check:before' satisfies RaStage);
  for (const check of intakeChecks) if (check.applies(intake)) await check.run(deps, intake);
  intake.validatedAt = deps.clock.now();
  await deps.stage('ra:check:after' satisfies RaStage);

  for (let attempt = 1; ; attempt += 1) {
    if (intake.earlier !== undefined && continuationOf(deps, intake) === 'join')
      return join(deps, intake, idempotency?.(intake));
    try {
      return await decide(deps, intake, idempotency?.(intake));
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      // Three looks settle it: the winner's row is there after the first.
      if (attempt === 3)
        throw new Refusal('database/unavailable', 'overtaken again and again', { cause: error });
    }
    for (const check of reservationChecks) if (check.applies(intake)) await check.run(deps, intake);
  }
}

const reservationChecks = intakeChecks.filter(check =>
  ['earlier-request', 'key-registry'].includes(check.name)
);

async function join(
  deps: RaContext,
  intake: Intake,
  idempotency: IdempotencyKey | undefined
): Promise<string> {
  const request = intake.earlier;
  if (request === undefined) throw new Error('nothing to join');
  if (idempotency !== undefined)
    await rememberRequest(deps.database, idempotency, request.id, deps.clock.now());
  await deps.audit.append([
    {
      type: 'ra.request.attached',
      actor: intake.client.system.id,
      facts: { request: request.id, state: request.state, interface: intake.interface }
    }
  ]);
  return request.id;
}

/** Waits until the request is closed, at most `ms`; answers it as it then is. */
export async function outcome(
  deps: RaContext,
  requestId: string,
  ms: number,
  stop: AbortSignal
): Promise<StoredRequest> {
  const until = performance.now() + ms;
  for (;;) {
    const request = await requestById(deps.database, requestId);
    if (request === undefined) throw new Error('the request is gone');
    const left = until - performance.now();
    if (request.state !== 'open' || left <= 0 || stop.aborted || deps.stopping.aborted) return request;
    await deps.outcomes.wait(requestId, left, stop);
  }
}

/**
 * The same, for an interface that answers once: at the deadline an unclaimed order is withdrawn, a claimed one
 * stays. Throws the `Refusal` that the client is told unless there is a certificate.
 */
export async function outcomeOrRefusal(
  deps: RaContext,
  requestId: string,
  ms: number,
  stop: AbortSignal
): Promise<StoredRequest> {
  let request = await outcome(deps, requestId, ms, stop);
  // The deadline of one interface does not end what another began.
  if (request.state === 'open' && !stop.aborted && request.interface !== 'json') {
    await withdraw(deps, requestId);
    request = await outcome(deps, requestId, 0, stop);
  }
  if (request.state === 'issued') return request;
  throw closedWithout(request);
}

/** Why a request has no certificate. */
export function closedWithout(request: StoredRequest): Refusal {
  if (request.state === 'open') return new Refusal('ca/pending');
  if (request.state === 'failed') return new Refusal('ca/not-claimed');
  return new Refusal('ca/refused', request.outcome);
}
