import { Refusal } from '../refusal.js';
import { each, type IntakeCheck } from './check.js';

/**
 * Orders for organisation and IKI certificates carry two officers' signatures. Until officers can sign, the test
 * environment may send such orders without, when its configuration says so; the live one refuses.
 */
export const approval: IntakeCheck = {
  name: 'approval',
  rule: 'approval',
  applies: intake => intake.kind !== 'device',
  run: each(deps => {
    const { environment, approvals } = deps.config;
    if (environment !== 'test' || approvals !== 'automatic') throw new Refusal('approval/required');
  })
};
