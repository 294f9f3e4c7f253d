/**
 * Step 4: who ordered, for whom, until when. Nothing in an order is believed before its signature has been
 * verified over the exact bytes received.
 */
import { createHash } from 'node:crypto';
import {
  decodeOrder,
  MessageError,
  type Domain,
  type Environment,
  type Order,
  type SignedOrder
} from '../../pki/messages/index.js';
import {
  profileByName,
  verifyWithKnownKey,
  type PointVerifier,
  type Policy,
  type Profile
} from '../../pki/index.js';
import type { RaKeyConfig } from '../config.js';
import { OrderRefused } from '../errors.js';
import { uuidOf } from '../ledger/identifier.js';

/** An RA key with its id in the forms it is looked up by. */
export interface RaKey extends RaKeyConfig {
  /** SHA-256 of the SubjectPublicKeyInfo, 32 octets. */
  readonly keyId: Uint8Array;
}

export type RaKeys = ReadonlyMap<string, RaKey>;

export function raKeysById(keys: readonly RaKeyConfig[]): RaKeys {
  return new Map(
    keys.map(key => {
      const keyId = createHash('sha256').update(key.spki).digest();
      return [keyId.toString('hex'), { ...key, keyId }];
    })
  );
}

declare const signatureVerified: unique symbol;

/** An order whose signature has been verified; `openOrder` alone makes one. */
export interface OpenedOrder {
  readonly [signatureVerified]: true;
  readonly signed: SignedOrder;
  readonly order: Order;
  /** uuid text of the order id. */
  readonly orderId: string;
  readonly key: RaKey;
}

/** Verifies and decodes. Throws `OrderRefused` with `ca/order-key`, `ca/order-signature` or `ca/order-malformed`. */
export function openOrder(signed: SignedOrder, keys: RaKeys, verifyPoint?: PointVerifier): OpenedOrder {
  const key = keys.get(Buffer.from(signed.keyId).toString('hex'));
  if (key === undefined) throw new OrderRefused('ca/order-key', 'the RA key is not configured');
  if (!verifyWithKnownKey(key.spki, signed.bytes, signed.signature, 'raw', verifyPoint))
    throw new OrderRefused('ca/order-signature', `not signed by ${key.name}`);
  let order: Order;
  try {
    order = decodeOrder(signed.bytes);
  } catch (cause) {
    if (!(cause instanceof MessageError)) throw cause;
    throw new OrderRefused('ca/order-malformed', cause.message, { cause });
  }
  return { signed, order, orderId: uuidOf(order.orderId), key } as OpenedOrder;
}

/** The profiles of an order's items, each known, of the order's domain, and allowed to the RA key. */
export type OrderedProfiles = ReadonlyMap<string, Profile>;

export interface Admission {
  readonly environment: Environment;
  readonly caEpoch: bigint;
  readonly policy: Policy;
}

/**
 * Is the order meant for this CA, still good, and within what the RA key may order? Answers the rows of its
 * profiles. Throws `OrderRefused`.
 */
export function admitOrder({ order, key }: OpenedOrder, to: Admission, now: Date): OrderedProfiles {
  if (order.environment !== to.environment)
    throw new OrderRefused('ca/environment', `for ${order.environment}, this is ${to.environment}`);
  if (order.caEpoch !== to.caEpoch)
    throw new OrderRefused(
      'ca/epoch',
      `for epoch ${order.caEpoch.toString()}, this is ${to.caEpoch.toString()}`
    );
  if (order.expiresAt <= now) throw new OrderRefused('ca/expired', `at ${order.expiresAt.toISOString()}`);
  if (order.policyVersion !== to.policy.version)
    throw new OrderRefused('ca/policy-version', 'the RA decided under another issuance policy');
  if (order.items.length === 0) throw new OrderRefused('ca/order-malformed', 'no items');
  const ordered = new Map<string, Profile>();
  for (const { profile: wanted } of order.items)
    if (!ordered.has(wanted)) ordered.set(wanted, admitProfile(wanted, order.domain, key));
  if (new Set(order.items.map(item => uuidOf(item.requestId))).size !== order.items.length)
    throw new OrderRefused('ca/order-malformed', 'one request stands twice');
  return ordered;
}

function admitProfile(wanted: string, domain: Domain, key: RaKey): Profile {
  const name = key.profiles.find(allowed => allowed === wanted);
  if (name === undefined) throw new OrderRefused('ca/profile', `${key.name} may not order this profile`);
  const profile = profileByName(name);
  if (profile.kind !== 'end-entity')
    throw new OrderRefused('ca/profile', 'certificates of CAs come from ceremonies only');
  if (profile.domain !== domain)
    throw new OrderRefused('ca/domain', `${profile.name} belongs to ${profile.domain}`);
  return profile;
}
