import { Refusal } from '../refusal.js';
import { asksForIssuance, each, type IntakeCheck } from './check.js';
import { readDeviceCounts } from './device-count.js';

/** R13: the ad hoc web service replaces; the device must have had a certificate (SEC Appendix M 2.4, step 4). */
export const earlierCertificate: IntakeCheck = {
  name: 'earlier-certificate',
  rule: 'R13',
  applies: intake => intake.interface === 'adhoc' && intake.kind === 'device',
  async run(deps, intakes) {
    const asking = intakes.filter(intake => asksForIssuance(deps, intake));
    await readDeviceCounts(deps, asking);
    return look(deps, asking);
  }
};

const look = each((_deps, intake) => {
  if ((intake.deviceCount?.issued ?? 0) === 0) throw new Refusal('device/unknown');
});
