import type { AuditEvent } from '../../ops/kit/audit.js';
import { Refusal } from '../refusal.js';
import type { IntakeCheck } from './check.js';
import type { Intake } from './intake.js';

/**
 * Rates of SEC Appendix N are soft: a party over its class is counted and recorded, not refused. The hard ceiling
 * is ours and keeps one party from starving the others. A batch is counted as the one message it is.
 */
export const rate: IntakeCheck = {
  name: 'rate',
  rule: 'interface',
  applies: intake => intake.interface === 'adhoc' || intake.interface === 'json',
  async run(deps, intakes) {
    const refused = new Map<Intake, Refusal>();
    const events: AuditEvent[] = [];
    const now = deps.clock.now();
    for (const intake of intakes) {
      const { party } = intake.client;
      const { exceeds, report } = deps.rates.take(party.id, intake.interface, now);
      if (exceeds === 'none') continue;
      deps.measures.rates.inc({ interface: intake.interface, class: exceeds });
      if (report)
        events.push({
          type: 'ra.rate.exceeded',
          actor: party.id,
          facts: { interface: intake.interface, class: exceeds }
        });
      if (exceeds === 'hard') refused.set(intake, new Refusal('rate/ceiling'));
    }
    if (events.length > 0) await deps.audit.append(events);
    return refused;
  }
};
