import type { DeviceRecord } from '../../pki/messages/index.js';
import { eligibilityRows, isEligible } from '../eligibility.js';
import { Refusal } from '../refusal.js';
import { asksForIssuance, type IntakeCheck } from './check.js';
import type { Intake } from './intake.js';

/**
 * R11: the party is an Eligible Subscriber for the device in its present state (SEC L3.16). Fails closed: an
 * inventory that cannot be read, or is stale, refuses with a code of its own.
 */
export const eligibility: IntakeCheck = {
  name: 'eligibility',
  rule: 'R11',
  applies: intake => intake.kind === 'device',
  async run(deps, intakes) {
    const asking = intakes.filter(intake => asksForIssuance(deps, intake));
    const devices = await Promise.all(
      asking.map(({ device }) =>
        deps.deviceStatus
          .get(device)
          .catch((cause: unknown) => new Refusal('device/status-unavailable', undefined, { cause }))
      )
    );
    const rows = eligibilityRows(deps.policy);
    const unknownDevice = deps.policy.figures['eligibility.unknown-device'].value;
    const eligible = ({ client: { system, party } }: Intake, device: DeviceRecord | undefined): boolean =>
      isEligible(
        rows,
        { actingRoles: system.actingRoles, identifiers: party.identifiers.map(({ eui }) => eui) },
        device,
        unknownDevice
      );
    const refused = new Map<Intake, Refusal>();
    for (const [index, intake] of asking.entries()) {
      const device = devices[index];
      if (device instanceof Refusal) refused.set(intake, device);
      else if (!eligible(intake, device))
        refused.set(
          intake,
          new Refusal('device/ineligible', device === undefined ? 'not in the inventory' : device.status)
        );
    }
    return refused;
  }
};
