import type { Knex } from 'knex';
import type { ProfileName } from '../../pki/index.js';
import type { RequestKind } from '../../pki/request/index.js';
import type { RaContext } from '../deps.js';
import type { IntakeInterface } from '../intake/intake.js';

export type RequestState = 'open' | 'issued' | 'refused' | 'failed';

/** A request as stored, with where its order stands. */
export interface StoredRequest extends RequestOutcome {
  readonly id: string;
  readonly partyId: string;
  readonly systemId: string;
  readonly interface: IntakeInterface;
  readonly kind: RequestKind;
  readonly profile: ProfileName;
  readonly arrivedAt: Date;
  readonly validatedAt: Date;
  /** Whether an answer with the certificate was written to the system's connection. */
  readonly delivered: boolean;
  readonly orderId: string;
  readonly orderExpiresAt: Date;
}

/** What has come of a request. */
export interface RequestOutcome {
  readonly state: RequestState;
  /** Code of the refusal or failure. */
  readonly outcome: string | undefined;
  /** DER; set exactly when `issued`. */
  readonly certificate: Uint8Array | undefined;
  /** Upper-case hexadecimal, as the repository writes it. */
  readonly serial: string | undefined;
  readonly availableAt: Date | undefined;
}

export interface OutcomeRow {
  id: string;
  state: RequestState;
  outcome: string | null;
  certificate: Buffer | null;
  serial: string | null;
  available_at: Date | null;
}

interface Row extends OutcomeRow {
  party_id: string;
  system_id: string;
  interface: IntakeInterface;
  kind: RequestKind;
  profile: ProfileName;
  arrived_at: Date;
  validated_at: Date;
  delivery_confirmed_at: Date | null;
  order_id: string;
  expires_at: Date;
}

/** The columns of an outcome; the rest of a request's. */
export const outcomeColumns = 'r.id, r.state, r.outcome, r.certificate, r.serial, r.available_at';
const columns = `${outcomeColumns}, r.party_id, r.system_id, r.interface, r.kind, r.profile, r.arrived_at,
  r.validated_at, r.delivery_confirmed_at, r.order_id, o.expires_at`;

export async function requestById(deps: RaContext, id: string): Promise<StoredRequest | undefined> {
  const [row] = await deps.sql.rows<Row>(
    deps.database,
    'ra_request_by_id',
    `select ${columns} from ra.request r join ra.orders o on o.id = r.order_id where r.id = $1::uuid`,
    [id]
  );
  return row && stored(deps, row);
}

/**
 * The requests that the same systems sent before with the same bytes, in the order of what is asked; `undefined` where
 * there is none.
 */
export async function earlierRequests(
  deps: RaContext,
  database: Pick<Knex, 'client'>,
  sent: readonly { systemId: string; requestHash: Uint8Array }[]
): Promise<(StoredRequest | undefined)[]> {
  const rows = await deps.sql.rows<Row & { place: string }>(
    database,
    'ra_earlier_requests',
    `select ${columns}, w.place
     from unnest($1::uuid[], $2::bytea[]) with ordinality as w (system_id, request_hash, place)
     join ra.request r on r.system_id = w.system_id and r.request_hash = w.request_hash
     join ra.orders o on o.id = r.order_id`,
    [sent.map(({ systemId }) => systemId), sent.map(({ requestHash }) => requestHash)]
  );
  const found: (StoredRequest | undefined)[] = sent.map(() => undefined);
  for (const row of rows) found[Number(row.place) - 1] = stored(deps, row);
  return found;
}

function stored(deps: RaContext, row: Row): StoredRequest {
  return {
    ...outcomeOf(row),
    id: row.id,
    partyId: row.party_id,
    systemId: row.system_id,
    interface: row.interface,
    kind: row.kind,
    profile: row.profile,
    arrivedAt: row.arrived_at,
    validatedAt: row.validated_at,
    delivered: row.delivery_confirmed_at !== null || deps.deliveries.isConfirmed(row.id),
    orderId: row.order_id,
    orderExpiresAt: row.expires_at
  };
}

export function outcomeOf(row: OutcomeRow): RequestOutcome {
  return {
    state: row.state,
    outcome: row.outcome ?? undefined,
    certificate: row.certificate === null ? undefined : new Uint8Array(row.certificate),
    serial: row.serial ?? undefined,
    availableAt: row.available_at ?? undefined
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
