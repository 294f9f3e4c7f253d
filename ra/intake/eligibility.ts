import { eligibilityRows, isEligible } from '../eligibility.js';
import { Refusal } from '../refusal.js';
import { asksForIssuance, type IntakeCheck } from './check.js';

/**
 * R11: the party is an Eligible Subscriber for the device in its present state (SEC L3.16). Fails closed: an
 * inventory that cannot be read, or is stale, refuses with a code of its own.
 */
export const eligibility: IntakeCheck = {
  name: 'eligibility',
  rule: 'R11',
  applies: intake => intake.kind === 'device',
  async run(deps, intake) {
    if (!asksForIssuance(deps, intake)) return;
    const device = await deps.deviceStatus.get(intake.device).catch((cause: unknown) => {
      throw new Refusal('device/status-unavailable', undefined, { cause });
    });
    const { system, party } = intake.client;
    const requester = {
      actingRoles: system.actingRoles,
      identifiers: party.identifiers.map(({ eui }) => eui)
    };
    const unknownDevice = deps.policy.figures['eligibility.unknown-device'].value;
    if (!isEligible(eligibilityRows(deps.policy), requester, device, unknownDevice))
      throw new Refusal('device/ineligible', device === undefined ? 'not in the inventory' : device.status);
  }
};
