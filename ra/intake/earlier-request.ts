import { earlierRequest } from '../issuance/requests.js';
import type { IntakeCheck } from './check.js';

/**
 * Recognises a request that the same system sent before with the same bytes. It refuses nothing: whether the
 * request is joined to its earlier self, ordered afresh or a duplicate, the later checks say.
 */
export const earlier: IntakeCheck = {
  name: 'earlier-request',
  rule: 'resend',
  applies: () => true,
  async run(deps, intake) {
    intake.earlier = await earlierRequest(deps.database, intake.client.system.id, intake.facts.requestHash);
  }
};
