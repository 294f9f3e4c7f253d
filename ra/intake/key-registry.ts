import type { RaContext } from '../deps.js';
import { endedWithoutCertificate } from '../issuance/key-owner.js';
import { keyHash, keySubject, registeredKeys, type RegisteredKey } from '../issuance/key-registry.js';
import { Refusal } from '../refusal.js';
import { continuationOf, type IntakeCheck } from './check.js';
import type { Intake } from './intake.js';

/**
 * R14: a public key is certified once; the same request again after SUCCESS is a duplicate (`CR:9999`).
 * R15: a public key belongs to one subject and one usage across all domains; another's key is refused and an
 * alarm raised. A key whose request ended without a certificate passes to the next request for the same subject and
 * usage. The registry's unique constraint decides in the end (`issuance/reserve`).
 */
export const keyRegistry: IntakeCheck = {
  name: 'key-registry',
  rule: 'R14–R15',
  applies: () => true,
  async run(deps, intakes) {
    const refused = new Map<Intake, Refusal>();
    await readKeyOwners(deps, intakes);
    /** Those whose key another request for the same subject and usage has. */
    const contested: { intake: Intake; owner: RegisteredKey }[] = [];
    for (const intake of intakes) {
      const owner = intake.keyOwner?.registered;
      // Whoever looks again is told anew.
      intake.keyOwner = undefined;
      intake.takesOver = undefined;
      if (continuationOf(deps, intake) === 'done') refused.set(intake, new Refusal('request/duplicate'));
      else if (owner === undefined || owner.requestId === intake.earlier?.id) continue;
      else if (owner.subject !== keySubject(intake.facts) || owner.usage !== intake.facts.usage)
        refused.set(intake, new Refusal('key/owned'));
      else contested.push({ intake, owner });
    }
    if (contested.length === 0) return refused;
    const ended = await endedWithoutCertificate(
      deps,
      deps.database,
      contested.map(({ owner }) => owner.requestId),
      'look'
    );
    for (const { intake, owner } of contested) {
      if (ended.has(owner.requestId)) intake.takesOver = owner.requestId;
      else refused.set(intake, new Refusal('request/duplicate'));
    }
    return refused;
  }
};

/** Sets the owners of those keys that no check has asked for yet. */
async function readKeyOwners(deps: RaContext, intakes: readonly Intake[]): Promise<void> {
  const unread = intakes.filter(intake => intake.keyOwner === undefined);
  if (unread.length === 0) return;
  const hashes = unread.map(({ facts }) => keyHash(facts.publicKeyHash));
  const owners = await registeredKeys(deps, deps.database, [...new Set(hashes)]);
  for (const [index, intake] of unread.entries())
    intake.keyOwner = { registered: owners.get(hashes[index] ?? '') };
}
