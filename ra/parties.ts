import type { Knex } from 'knex';
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

/** The client whose certificate has this SHA-256, or `undefined` when it is bound to no system. */
export async function clientByCertificate(knex: Knex, sha256: Uint8Array): Promise<Client | undefined> {
  const [system] = await readSystems(
    knex,
    query =>
      void query
        .join('ra.client_certificate as c', 'c.system_id', 's.id')
        .where('c.sha256', Buffer.from(sha256))
        .groupBy('c.sha256')
  );
  if (system === undefined) return undefined;
  const party = await partyById(knex, system.partyId);
  return party && { system, party };
}

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
    knex.raw(`(select coalesce(json_agg(json_build_object('eui', i.eui::text, 'roles',
      (select coalesce(json_agg(r.role order by r.role), '[]') from ra.identifier_role r where r.eui = i.eui)
      ) order by i.eui), '[]') from ra.identifier i where i.party_id = p.id) as identifiers`)
  );
  narrow(query);
  const rows = (await query) as PartyRow[];
  return rows.map(row => ({
    id: row.id,
    signifier: row.signifier,
    state: row.state,
    deviceSubscriber: row.device_subscriber,
    organisationSubscriber: row.organisation_subscriber,
    identifiers: row.identifiers.map(({ eui, roles }) => ({ eui: eui64FromSigned(BigInt(eui)), roles }))
  }));
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
  const rows = (await query) as SystemRow[];
  return rows.map(row => ({
    id: row.id,
    partyId: row.party_id,
    name: row.name,
    actingRoles: row.acting_roles,
    interfaces: row.interfaces ?? [],
    state: row.state
  }));
}
