import { registeredKey, keySubject } from '../issuance/key-registry.js';
import { Refusal } from '../refusal.js';
import { continuationOf, type IntakeCheck } from './check.js';

/**
 * R14: a public key is certified once; the same request again after SUCCESS is a duplicate (`CR:9999`).
 * R15: a public key belongs to one subject and one usage across all domains; another's key is refused and an
 * alarm raised. The registry's unique constraint decides in the end (`issuance/decide`).
 */
export const keyRegistry: IntakeCheck = {
  name: 'key-registry',
  rule: 'R14–R15',
  applies: () => true,
  async run(deps, intake) {
    if (continuationOf(deps, intake) === 'done') throw new Refusal('request/duplicate');
    const owner = await registeredKey(deps.database, intake.facts.publicKeyHash);
    if (owner === undefined || owner.requestId === intake.earlier?.id) return;
    if (owner.subject === keySubject(intake.facts) && owner.usage === intake.facts.usage)
      throw new Refusal('request/duplicate');
    throw new Refusal('key/owned');
  }
};
