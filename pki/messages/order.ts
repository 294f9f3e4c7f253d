import { MessageReader, MessageWriter, MessageError } from './codec.js';
import { statementPrefixes } from './statement.js';
import { domains, environments, type Domain, type Environment } from './environment.js';

/**
 * An order is the RA's decision that certificates may be issued, signed by the RA's statement key over these
 * exact bytes. The CA verifies the bytes it received, takes key, EUI and hwType from the CSR inside, and keeps
 * bytes and signature as evidence beside the certificates.
 */
export interface Order {
  readonly environment: Environment;
  readonly domain: Domain;
  /** The CA's restore epoch the order is addressed to; an order for another epoch is refused. */
  readonly caEpoch: bigint;
  /** 16 random octets. One order is executed once. */
  readonly orderId: Uint8Array;
  readonly issuedAt: Date;
  /** After this moment the CA refuses the order. */
  readonly expiresAt: Date;
  readonly lane: Lane;
  /** Version of the issuance policy the RA decided under. */
  readonly policyVersion: string;
  /** Two officers' signatures for organisation, IKI and revocation orders; empty for device orders. */
  readonly approvals: readonly Approval[];
  readonly items: readonly OrderItem[];
}

/** Single requests and batches go apart at every hop. */
export const lanes = ['adhoc', 'batch'] as const;
export type Lane = (typeof lanes)[number];

export interface Approval {
  /** SHA-256 of the officer key's SubjectPublicKeyInfo, 32 octets. */
  readonly officerKeyId: Uint8Array;
  readonly signature: Uint8Array;
}

export interface OrderItem {
  /** 16 random octets: the request. One request is certified once, by whatever orders. */
  readonly requestId: Uint8Array;
  /** Name of the certificate profile; all profiles of an order belong to its domain. */
  readonly profile: string;
  /** The CSR as received, the bytes the subscriber signed. */
  readonly csr: Uint8Array;
}

/** An order with its signature, as it travels and as it is kept. */
export interface SignedOrder {
  readonly bytes: Uint8Array;
  /** SHA-256 of the RA statement key's SubjectPublicKeyInfo, 32 octets. */
  readonly keyId: Uint8Array;
  /** Raw r‖s, 64 octets, ECDSA P-256 with SHA-256 over `bytes`. */
  readonly signature: Uint8Array;
}

/** DESIGN limits: a group is hundreds; a decoded CSR is at most 4 KiB (decisions of the project). */
export const maxOrderItems = 1_000;
export const maxCsrOctets = 4_096;
const maxApprovals = 16;
/** A domain has a handful of end-entity profiles. */
const maxProfiles = 16;

export function encodeOrder(order: Order): Uint8Array {
  // Each name once, in the order of its first item; an item holds the number of its profile.
  const profiles = [...new Set(order.items.map(item => item.profile))];
  if (profiles.length > maxProfiles) throw new RangeError(`${profiles.length} profiles in one order`);
  let octets = 512 + order.approvals.length * 128 + profiles.length * 32 + order.items.length * 21;
  for (const { csr } of order.items) octets += csr.length;
  const writer = new MessageWriter(octets)
    .raw(Buffer.from(statementPrefixes.order, 'latin1'))
    .string(order.environment)
    .string(order.domain)
    .u64(order.caEpoch)
    .raw(sized(order.orderId, 16))
    .date(order.issuedAt)
    .date(order.expiresAt)
    .string(order.lane)
    .string(order.policyVersion)
    .u32(order.approvals.length);
  for (const approval of order.approvals)
    writer.raw(sized(approval.officerKeyId, 32)).octets(approval.signature);
  writer.u32(profiles.length);
  for (const profile of profiles) writer.string(profile);
  writer.u32(order.items.length);
  for (const item of order.items)
    writer.raw(sized(item.requestId, 16)).u8(profiles.indexOf(item.profile)).octets(item.csr);
  return writer.finish();
}

export function decodeOrder(bytes: Uint8Array): Order {
  const reader = new MessageReader(bytes);
  const prefix = Buffer.from(statementPrefixes.order, 'latin1');
  if (!prefix.equals(reader.raw(prefix.length, 'type string'))) throw new MessageError('type string', 0);
  const environment = oneOf(environments, reader.string('environment', 16), 'environment');
  const domain = oneOf(domains, reader.string('domain', 32), 'domain');
  const caEpoch = reader.u64('CA epoch');
  const orderId = reader.raw(16, 'order id');
  const issuedAt = reader.date('issued at');
  const expiresAt = reader.date('expires at');
  const lane = oneOf(lanes, reader.string('lane', 16), 'lane');
  const policyVersion = reader.string('policy version', 64);
  const approvals: Approval[] = [];
  const approvalCount = reader.count('approvals', maxApprovals);
  for (let i = 0; i < approvalCount; i++) {
    approvals.push({
      officerKeyId: reader.raw(32, 'officer key'),
      signature: reader.octets('approval', 512)
    });
  }
  const profiles: string[] = [];
  const profileCount = reader.count('profiles', maxProfiles);
  for (let i = 0; i < profileCount; i++) profiles.push(reader.string('profile', 64));
  const items: OrderItem[] = [];
  const itemCount = reader.count('items', maxOrderItems);
  let named = 0;
  for (let i = 0; i < itemCount; i++) {
    const requestId = reader.raw(16, 'request id');
    const number = reader.u8('profile number');
    const profile = profiles[number];
    // One encoding of an order: profiles stand in the order of their first items, and none is named in vain.
    if (profile === undefined || number > named) throw new MessageError('profile number', 0);
    if (number === named) named += 1;
    items.push({ requestId, profile, csr: reader.octets('CSR', maxCsrOctets) });
  }
  if (named !== profiles.length || new Set(profiles).size !== profiles.length)
    throw new MessageError('profiles', 0);
  reader.end();
  return {
    environment,
    domain,
    caEpoch,
    orderId,
    issuedAt,
    expiresAt,
    lane,
    policyVersion,
    approvals,
    items
  };
}

/** The claim answer: the orders handed to one CA. */
export function encodeClaim(orders: readonly SignedOrder[]): Uint8Array {
  let octets = 4;
  for (const { bytes } of orders) octets += bytes.length + 4 + 32 + 64;
  const writer = new MessageWriter(octets).u32(orders.length);
  for (const order of orders) {
    writer.octets(order.bytes).raw(sized(order.keyId, 32)).raw(sized(order.signature, 64));
  }
  return writer.finish();
}

export function decodeClaim(message: Uint8Array): SignedOrder[] {
  const reader = new MessageReader(message);
  const orders: SignedOrder[] = [];
  const count = reader.count('orders', 256);
  for (let i = 0; i < count; i++) {
    orders.push({
      bytes: reader.octets('order', 8 * 1024 * 1024),
      keyId: reader.raw(32, 'RA key'),
      signature: reader.raw(64, 'signature')
    });
  }
  reader.end();
  return orders;
}

function sized(octets: Uint8Array, length: number): Uint8Array {
  if (octets.length !== length) throw new RangeError(`${octets.length} octets where ${length} belong`);
  return octets;
}

function oneOf<T extends string>(allowed: readonly T[], value: string, what: string): T {
  const found = allowed.find(entry => entry === value);
  if (found === undefined) throw new MessageError(`${what} is not one of ${allowed.join(', ')}`, 0);
  return found;
}
