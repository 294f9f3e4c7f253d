import { Refusal } from '../refusal.js';
import type { IntakeCheck } from './check.js';

/**
 * Rates of SEC Appendix N are soft: a party over its class is counted and recorded, not refused. The hard ceiling
 * is ours and keeps one party from starving the others.
 */
export const rate: IntakeCheck = {
  name: 'rate',
  rule: 'interface',
  applies: intake => intake.interface !== 'admin',
  async run(deps, intake) {
    const verdict = deps.rates.take(intake.client.party.id, intake.interface, deps.clock.now());
    if (verdict.exceeds !== 'none')
      deps.measures.rates.inc({ interface: intake.interface, class: verdict.exceeds });
    if (verdict.report)
      await deps.audit.append([
        {
          type: 'ra.rate.exceeded',
          actor: intake.client.party.id,
          facts: { interface: intake.interface, class: verdict.exceeds }
        }
      ]);
    if (verdict.exceeds === 'hard') throw new Refusal('rate/ceiling');
  }
};
