import { randomUUID } from 'node:crypto';
import { profiles, type ProfileName } from '../../pki/index.js';
import { encodeOrder, type Lane, type SignedOrder } from '../../pki/messages/index.js';
import type { RaContext } from '../deps.js';
import type { RaStage } from '../stages.js';
import { uuidToOctets } from '../uuid.js';

export interface NewOrder extends SignedOrder {
  readonly id: string;
  readonly lane: Lane;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/**
 * Encodes and signs an order over the exact bytes that the CA will verify. Nothing is stored yet: when the token
 * does not answer, nothing is reserved, and a signed order that is not stored reaches nobody.
 */
export async function signOrder(
  deps: RaContext,
  profile: ProfileName,
  lane: Lane,
  items: readonly { requestId: string; csr: Uint8Array }[]
): Promise<NewOrder> {
  const id = randomUUID();
  const issuedAt = deps.clock.now();
  const expiresAt = new Date(issuedAt.getTime() + deps.config.orderLifetimeMs);
  const bytes = encodeOrder({
    environment: deps.config.environment,
    domain: profiles[profile].domain,
    caEpoch: BigInt(deps.config.caEpoch),
    orderId: uuidToOctets(id),
    issuedAt,
    expiresAt,
    lane,
    profile,
    policyVersion: deps.policy.version,
    approvals: [],
    items: items.map(({ requestId, csr }) => ({ requestId: uuidToOctets(requestId), csr }))
  });
  await deps.stage('ra:sign-order:before' satisfies RaStage);
  const signature = await deps.statementSigner.sign(bytes);
  await deps.stage('ra:sign-order:after' satisfies RaStage);
  return { id, lane, issuedAt, expiresAt, bytes, keyId: deps.statementSigner.keyId, signature };
}
