import { earlierRequests } from '../issuance/requests.js';
import type { IntakeCheck } from './check.js';

/**
 * Recognises a request that the same system sent before with the same bytes. It refuses nothing: whether the
 * request is joined to its earlier self, ordered afresh or a duplicate, the later checks say. The requests of a batch
 * are not joined to others: each has its answer in its own batch.
 */
export const earlier: IntakeCheck = {
  name: 'earlier-request',
  rule: 'resend',
  applies: intake => intake.interface !== 'batch',
  async run(deps, intakes) {
    const found = await earlierRequests(
      deps,
      intakes.map(({ client, facts }) => ({ systemId: client.system.id, requestHash: facts.requestHash }))
    );
    for (const [index, intake] of intakes.entries()) intake.earlier = found[index];
    return new Map();
  }
};
