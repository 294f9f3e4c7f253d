import { Refusal } from '../refusal.js';
import type { ActingRole } from '../parties.js';
import { each, type IntakeCheck } from './check.js';

const adHocRoles: readonly ActingRole[] = ['import-supplier', 'gas-supplier', 'dcc'];

/**
 * The ad hoc web service replaces certificates on devices: only an Import Supplier, a Gas Supplier or the DCC may
 * use it (SEC Appendix M 2.4, Appendix N 2.1.2).
 */
export const actingRole: IntakeCheck = {
  name: 'acting-role',
  rule: 'interface',
  applies: intake => intake.interface === 'adhoc',
  run: each((_deps, intake) => {
    if (!intake.client.system.actingRoles.some(role => adHocRoles.includes(role)))
      throw new Refusal('client/acting-role');
  })
};
