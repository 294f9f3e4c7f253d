import { Refusal } from '../refusal.js';
import { each, type IntakeCheck } from './check.js';

/**
 * R10: the identifier is registered for the Remote Party Role in the request (SEC L3.17 as recalled; which role
 * belongs to which identifier is the RA's record). Several key-agreement certificates per role are allowed (R18).
 */
export const role: IntakeCheck = {
  name: 'role',
  rule: 'R10',
  applies: intake => intake.kind === 'organisation',
  run: each((_deps, intake) => {
    const { eui, role: asked } = intake.facts;
    const held = intake.client.party.identifiers.find(entry => entry.eui === eui);
    if (asked === undefined || !(held?.roles.includes(asked) ?? false)) throw new Refusal('identifier/role');
  })
};
