import type { Knex } from 'knex';
import type { Sql } from '../ops/kit/deps.js';
import { eui64FromSigned } from '../pki/identifier/index.js';

/** Roles in which an Authorised System may act before the RA (SEC Appendix M 2.4, Appendix N 2.1.2). */
export const actingRoles = ['import-supplier', 'gas-supplier', 'dcc', 'manufacturer'] as const;
export type ActingRole = (typeof actingRoles)[number];

/** The interfaces a client certificate may be registered for. */
export const clientInterfaces = ['json', 'adhoc', 'batch'] as const;
export type ClientInterface = (typeof clientInterfaces)[number];

/** `suspended` and `expelled` (event of default, SEC section M8) both stop every request. */
export const partyStates = ['active', 'suspended', 'expelled'] as const;
export type PartyState = (typeof partyStates)[number];

export const systemStates = ['active', 'suspended'] as const;
export type SystemState = (typeof systemStates)[number];

export interface Identifier {
  readonly eui: bigint;
  /** Remote Party Roles (decimal) that certificates for this identifier may name. */
  readonly roles: readonly number[];
}

export interface Party {
  readonly id: string;
  readonly signifier: string;
  readonly state: PartyState;
  readonly deviceSubscriber: boolean;
  readonly organisationSubscriber: boolean;
  readonly identifiers: readonly Identifier[];
}

export interface AuthorisedSystem {
  readonly id: string;
  readonly partyId: string;
  readonly name: string;
  readonly actingRoles: readonly ActingRole[];
  readonly interfaces: readonly ClientInterface[];
  readonly state: SystemState;
}

/** Who is at the other end of a connection: a system and the party it acts for. */
export interface Client {
  readonly system: AuthorisedSystem;
  readonly party: Party;
}

export async function partyById(knex: Knex, id: string): Promise<Party | undefined> {
  return (await readParties(knex, query => void query.where('p.id', id)))[0];
}

export async function allParties(knex: Knex): Promise<Party[]> {
  return readParties(knex, query => void query.orderBy('p.signifier'));
}

export async function systemById(knex: Knex, id: string): Promise<AuthorisedSystem | undefined> {
  return (await readSystems(knex, query => void query.where('s.id', id)))[0];
}

export async function allSystems(knex: Knex): Promise<AuthorisedSystem[]> {
  return readSystems(knex, query => void query.orderBy('s.name'));
}

interface ClientRow extends SystemRow {
  sha256: string;
  signifier: string;
  party_state: PartyState;
  device_subscriber: boolean;
  organisation_subscriber: boolean;
  identifiers: PartyRow['identifiers'];
}

/** The clients whose certificates have these SHA-256, by it in lower-case hexadecimal; those bound to no system are not there. */
export async function clientsByCertificate(
  sql: Sql,
  knex: Knex,
  sha256s: readonly Uint8Array[]
): Promise<ReadonlyMap<string, Client>> {
  const rows = await sql.rows<ClientRow>(
    knex,
    'ra_clients_by_certificate',
    `select encode(c.sha256, 'hex') as sha256, s.id, s.party_id, s.name, s.acting_roles, s.state,
       array(select i.interface from ra.system_interface i where i.system_id = s.id order by 1) as interfaces,
       p.signifier, p.state as party_state, p.device_subscriber, p.organisation_subscriber,
       ${identifiersOfParty} as identifiers
     from ra.client_certificate c
     join ra.system s on s.id = c.system_id
     join ra.party p on p.id = s.party_id
     where c.sha256 = any($1::bytea[])`,
    [sha256s]
  );
  return new Map(
    rows.map(row => [
      row.sha256,
      { system: systemOf(row), party: partyOf({ ...row, id: row.party_id, state: row.party_state }) }
    ])
  );
}

/** Of the party `p`. */
const identifiersOfParty = `(select coalesce(json_agg(json_build_object('eui', i.eui::text, 'roles',
      (select coalesce(json_agg(r.role order by r.role), '[]') from ra.identifier_role r where r.eui = i.eui)
      ) order by i.eui), '[]') from ra.identifier i where i.party_id = p.id)`;

interface PartyRow {
  id: string;
  signifier: string;
  state: PartyState;
  device_subscriber: boolean;
  organisation_subscriber: boolean;
  identifiers: { eui: string; roles: number[] }[];
}

async function readParties(knex: Knex, narrow: (query: Knex.QueryBuilder) => void): Promise<Party[]> {
  const query = knex('ra.party as p').select(
    'p.id',
    'p.signifier',
    'p.state',
    'p.device_subscriber',
    'p.organisation_subscriber',
    knex.raw(`${identifiersOfParty} as identifiers`)
  );
  narrow(query);
  return ((await query) as PartyRow[]).map(partyOf);
}

function partyOf(row: PartyRow): Party {
  return {
    id: row.id,
    signifier: row.signifier,
    state: row.state,
    deviceSubscriber: row.device_subscriber,
    organisationSubscriber: row.organisation_subscriber,
    identifiers: row.identifiers.map(({ eui, roles }) => ({ eui: eui64FromSigned(BigInt(eui)), roles }))
  };
}

interface SystemRow {
  id: string;
  party_id: string;
  name: string;
  acting_roles: ActingRole[];
  interfaces: ClientInterface[] | null;
  state: SystemState;
}

async function readSystems(
  knex: Knex,
  narrow: (query: Knex.QueryBuilder) => void
): Promise<AuthorisedSystem[]> {
  const query = knex('ra.system as s')
    .leftJoin('ra.system_interface as i', 'i.system_id', 's.id')
    .select(
      's.id',
      's.party_id',
      's.name',
      's.acting_roles',
      's.state',
      knex.raw('array_remove(array_agg(i.interface order by i.interface), null) as interfaces')
    )
    .groupBy('s.id');
  narrow(query);
  return ((await query) as SystemRow[]).map(systemOf);
}

function systemOf(row: SystemRow): AuthorisedSystem {
  return {
    id: row.id,
    partyId: row.party_id,
    name: row.name,
    actingRoles: row.acting_roles,
    interfaces: row.interfaces ?? [],
    state: row.state
  };
}
