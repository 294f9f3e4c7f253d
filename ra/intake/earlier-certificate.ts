import { deviceCount } from '../issuance/device-count.js';
import { Refusal } from '../refusal.js';
import { asksForIssuance, type IntakeCheck } from './check.js';

/** R13: the ad hoc web service replaces; the device must have had a certificate (SEC Appendix M 2.4, step 4). */
export const earlierCertificate: IntakeCheck = {
  name: 'earlier-certificate',
  rule: 'R13',
  applies: intake => intake.interface === 'adhoc' && intake.kind === 'device',
  async run(deps, intake) {
    if (!asksForIssuance(deps, intake)) return;
    if ((await deviceCount(deps.database, intake.device)).issued === 0) throw new Refusal('device/unknown');
  }
};
