import type { RaContext } from '../deps.js';
import type { Refusal } from '../refusal.js';
import type { RaStage } from '../stages.js';
import type { IntakeCheck } from './check.js';
import { intakeChecks, reservationChecks } from './table.js';
import type { Intake } from './intake.js';

/**
 * Runs the table of checks over a group, check by check. Answers the refused ones, each with its first refusal in the
 * order of the table; facts and the time of validation are set on the others. Throws only faults (database, audit,
 * checker), which are nobody's in particular.
 */
export async function checkIntakes(
  deps: RaContext,
  intakes: readonly Intake[]
): Promise<ReadonlyMap<Intake, Refusal>> {
  await deps.stage('ra:check:before' satisfies RaStage);
  const refused = await run(deps, intakeChecks, intakes);
  const now = deps.clock.now();
  for (const intake of intakes) if (!refused.has(intake)) intake.validatedAt = now;
  await deps.stage('ra:check:after' satisfies RaStage);
  return refused;
}

/** Looks again at what another request may have taken since: the earlier self, and the public key. */
export async function lookAgain(
  deps: RaContext,
  intakes: readonly Intake[]
): Promise<ReadonlyMap<Intake, Refusal>> {
  return run(deps, reservationChecks, intakes);
}

async function run(
  deps: RaContext,
  checks: readonly IntakeCheck[],
  intakes: readonly Intake[]
): Promise<ReadonlyMap<Intake, Refusal>> {
  const refused = new Map<Intake, Refusal>();
  let left = intakes;
  for (const check of checks) {
    const looked = left.filter(intake => check.applies(intake));
    if (looked.length === 0) continue;
    const found = await check.run(deps, looked);
    if (found.size === 0) continue;
    for (const [intake, refusal] of found) refused.set(intake, refusal);
    left = left.filter(intake => !refused.has(intake));
  }
  return refused;
}
