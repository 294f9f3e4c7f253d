import { deviceCount } from '../issuance/device-count.js';
import { Refusal } from '../refusal.js';
import { asksForIssuance, type IntakeCheck } from './check.js';

/**
 * R12: fewer certificates than the limit were issued for the device (SEC Appendix M 2.4, step 5). Said early, so
 * that nothing is signed for a request without a chance; decided by the reservation (`issuance/decide`).
 */
export const deviceLimit: IntakeCheck = {
  name: 'device-limit',
  rule: 'R12',
  applies: intake => intake.kind === 'device',
  async run(deps, intake) {
    if (!asksForIssuance(deps, intake)) return;
    const { issued, reserved } = await deviceCount(deps.database, intake.device);
    // A request ordered afresh after its order expired unreported still holds its own place.
    const own = intake.earlier?.state === 'open' ? 1 : 0;
    if (issued + reserved - own >= deps.policy.figures['device.certificate-limit'].value)
      throw new Refusal('device/limit');
  }
};
