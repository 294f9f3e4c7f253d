import { Refusal } from '../refusal.js';
import { each, type IntakeCheck } from './check.js';

/** R9: the EUI-64 of an organisation request is held by the party that asks (SEC Appendix M 2.3.1.3). */
export const identifier: IntakeCheck = {
  name: 'identifier',
  rule: 'R9',
  applies: intake => intake.kind === 'organisation',
  run: each((_deps, intake) => {
    if (!intake.client.party.identifiers.some(({ eui }) => eui === intake.facts.eui))
      throw new Refusal('identifier/not-held');
  })
};
