import type { Transaction } from '../../ops/kit/deps.js';
import { randomUUID } from 'node:crypto';
import type { ProfileName } from '../../pki/index.js';
import { encodeOrder, type Domain, type Lane, type SignedOrder } from '../../pki/messages/index.js';
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
  domain: Domain,
  lane: Lane,
  items: readonly { requestId: string; profile: ProfileName; csr: Uint8Array }[]
): Promise<NewOrder> {
  const id = randomUUID();
  const issuedAt = deps.clock.now();
  const expiresAt = new Date(issuedAt.getTime() + deps.config.orderLifetimeMs);
  const bytes = encodeOrder({
    environment: deps.config.environment,
    domain,
    caEpoch: BigInt(deps.config.caEpoch),
    orderId: uuidToOctets(id),
    issuedAt,
    expiresAt,
    lane,
    policyVersion: deps.policy.version,
    approvals: [],
    items: items.map(({ requestId, profile, csr }) => ({ requestId: uuidToOctets(requestId), profile, csr }))
  });
  await deps.stage('ra:sign-order:before' satisfies RaStage);
  const signature = await deps.statementSigner.sign(bytes);
  await deps.stage('ra:sign-order:after' satisfies RaStage);
  return { id, lane, issuedAt, expiresAt, bytes, keyId: deps.statementSigner.keyId, signature };
}

/**
 * Stores signed orders in the transaction of their decision; from its commit on any CA may claim them.
 *
 * @param of the party of all requests, null where they are of several; the group of a batch
 */
export async function insertOrders(
  deps: RaContext,
  trx: Transaction,
  orders: readonly NewOrder[],
  of: { readonly partyId: string | null; readonly batchGroup?: string }
): Promise<void> {
  // One or two a group; octets of a single value travel as they are, in an array as text twice as long.
  for (const order of orders)
    await deps.sql.also(
      trx,
      'ra_insert_order',
      `insert into ra.orders (id, party_id, bytes, key_id, signature, lane, state, created_at, expires_at, batch_group)
       values ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $9)`,
      [
        order.id,
        of.partyId,
        order.bytes,
        order.keyId,
        order.signature,
        order.lane,
        order.issuedAt,
        order.expiresAt,
        of.batchGroup ?? null
      ]
    );
}
