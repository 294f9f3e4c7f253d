import { deviceCounts } from '../issuance/device-count.js';
import { keyHash, registeredKeys } from '../issuance/key-registry.js';
import { earlierRequests } from '../issuance/requests.js';
import type { IntakeCheck } from './check.js';

/**
 * Recognises a request that the same system sent before with the same bytes. It refuses nothing: whether the
 * request is joined to its earlier self, ordered afresh or a duplicate, the later checks say. The requests of a batch
 * are not joined to others: each has its answer in its own batch. What the checks behind this one ask of the database
 * is asked for along with it, for all three are one way there and back.
 */
export const earlier: IntakeCheck = {
  name: 'earlier-request',
  rule: 'resend',
  applies: intake => intake.interface !== 'batch',
  async run(deps, intakes) {
    const sent = intakes.map(({ client, facts }) => ({
      systemId: client.system.id,
      requestHash: facts.requestHash
    }));
    const devices = intakes.filter(({ kind }) => kind === 'device').map(({ device }) => device);
    const hashes = intakes.map(({ facts }) => keyHash(facts.publicKeyHash));
    const [found, counts, owners] = await deps.sql.together(deps.database, connection =>
      Promise.all([
        earlierRequests(deps, connection, sent),
        devices.length === 0 ? undefined : deviceCounts(deps, connection, devices),
        registeredKeys(deps, connection, [...new Set(hashes)])
      ])
    );
    for (const [index, intake] of intakes.entries()) {
      intake.earlier = found[index];
      intake.deviceCount = intake.kind === 'device' ? counts?.get(intake.device) : undefined;
      intake.keyOwner = { registered: owners.get(hashes[index] ?? '') };
    }
    return new Map();
  }
};
