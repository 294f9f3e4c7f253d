import type { Knex } from 'knex';
import type { ProfileName } from '../../pki/index.js';
import type { RequestKind } from '../../pki/request/index.js';
import type { IntakeInterface } from '../intake/intake.js';

export type RequestState = 'open' | 'issued' | 'refused' | 'failed';

/** A request as stored, with where its order stands. */
export interface StoredRequest {
  readonly id: string;
  readonly partyId: string;
  readonly systemId: string;
  readonly interface: IntakeInterface;
  readonly kind: RequestKind;
  readonly profile: ProfileName;
  readonly state: RequestState;
  /** Code of the refusal or failure. */
  readonly outcome: string | undefined;
  /** DER; set exactly when `issued`. */
  readonly certificate: Uint8Array | undefined;
  /** Upper-case hexadecimal, as the repository writes it. */
  readonly serial: string | undefined;
  readonly arrivedAt: Date;
  readonly availableAt: Date | undefined;
  /** Whether an answer with the certificate was written to the system's connection. */
  readonly delivered: boolean;
  readonly orderId: string;
  readonly orderExpiresAt: Date;
}

interface Row {
  id: string;
  party_id: string;
  system_id: string;
  interface: IntakeInterface;
  kind: RequestKind;
  profile: ProfileName;
  state: RequestState;
  outcome: string | null;
  certificate: Buffer | null;
  serial: string | null;
  arrived_at: Date;
  available_at: Date | null;
  delivery_confirmed_at: Date | null;
  order_id: string;
  expires_at: Date;
}

const columns = [
  'r.id',
  'r.party_id',
  'r.system_id',
  'r.interface',
  'r.kind',
  'r.profile',
  'r.state',
  'r.outcome',
  'r.certificate',
  'r.serial',
  'r.arrived_at',
  'r.available_at',
  'r.delivery_confirmed_at',
  'r.order_id',
  'o.expires_at'
];

export async function requestById(knex: Knex, id: string): Promise<StoredRequest | undefined> {
  return read(knex, { 'r.id': id });
}

/** The request that the same system sent before with the same bytes. */
export async function earlierRequest(
  knex: Knex,
  systemId: string,
  requestHash: Uint8Array
): Promise<StoredRequest | undefined> {
  return read(knex, { 'r.system_id': systemId, 'r.request_hash': Buffer.from(requestHash) });
}

async function read(knex: Knex, where: Record<string, unknown>): Promise<StoredRequest | undefined> {
  const row = (await knex('ra.request as r')
    .join('ra.orders as o', 'o.id', 'r.order_id')
    .select(columns)
    .where(where)
    .first()) as Row | undefined;
  if (row === undefined) return undefined;
  return {
    id: row.id,
    partyId: row.party_id,
    systemId: row.system_id,
    interface: row.interface,
    kind: row.kind,
    profile: row.profile,
    state: row.state,
    outcome: row.outcome ?? undefined,
    certificate: row.certificate === null ? undefined : new Uint8Array(row.certificate),
    serial: row.serial ?? undefined,
    arrivedAt: row.arrived_at,
    availableAt: row.available_at ?? undefined,
    delivered: row.delivery_confirmed_at !== null,
    orderId: row.order_id,
    orderExpiresAt: row.expires_at
  };
}

/**
 * How a request that is sent again goes on: `join` waits for it or takes its certificate; `order-again` needs a
 * fresh order for the same request, which the CA certifies once by whatever orders; `done` was answered with
 * SUCCESS.
 */
export function continuation(request: StoredRequest, now: Date): 'join' | 'order-again' | 'done' {
  if (request.state === 'issued') return request.delivered ? 'done' : 'join';
  if (request.state === 'open') return request.orderExpiresAt > now ? 'join' : 'order-again';
  return 'order-again';
}
