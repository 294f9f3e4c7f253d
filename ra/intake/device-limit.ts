import { Refusal } from '../refusal.js';
import { asksForIssuance, each, type IntakeCheck } from './check.js';
import { readDeviceCounts } from './device-count.js';

/**
 * R12: fewer certificates than the limit were issued for the device (SEC Appendix M 2.4, step 5). Said early, so
 * that nothing is signed for a request without a chance; decided by the reservation (`issuance/reserve`).
 */
export const deviceLimit: IntakeCheck = {
  name: 'device-limit',
  rule: 'R12',
  applies: intake => intake.kind === 'device',
  async run(deps, intakes) {
    const asking = intakes.filter(intake => asksForIssuance(deps, intake));
    await readDeviceCounts(deps, asking);
    return look(deps, asking);
  }
};

const look = each((deps, intake) => {
  const { issued, reserved } = intake.deviceCount ?? { issued: 0, reserved: 0 };
  // A request ordered afresh after its order expired unreported still holds its own place.
  const own = intake.earlier?.state === 'open' ? 1 : 0;
  if (issued + reserved - own >= deps.policy.figures['device.certificate-limit'].value)
    throw new Refusal('device/limit');
});
