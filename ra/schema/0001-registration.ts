import type { Knex } from 'knex';

/**
 * Who may ask: parties, their identifiers, their Authorised Systems and the certificates those connect with. No
 * names of persons, no addresses: a party is its signifier under the code. The runtime role may read and add;
 * what it may change is listed column by column, and nothing can be deleted.
 */
export async function registration(knex: Knex): Promise<void> {
  await knex.raw(`
    create table ra.party (
      id uuid primary key,
      signifier text not null unique check (signifier ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
      state text not null check (state in ('active', 'suspended', 'expelled')),
      device_subscriber boolean not null,
      organisation_subscriber boolean not null,
      registered_at timestamptz not null
    );
    comment on table ra.party is 'Parties under the code. Signifier: SEC Party Signifier.';

    -- The primary key is what keeps an EUI-64 from being shared by two parties.
    create table ra.identifier (
      eui bigint primary key,
      party_id uuid not null references ra.party (id),
      registered_at timestamptz not null
    );
    comment on column ra.identifier.eui is 'EUI-64 as a signed 64-bit integer.';
    create index identifier_party on ra.identifier (party_id);

    create table ra.identifier_role (
      eui bigint not null references ra.identifier (eui),
      role smallint not null check (role between 0 and 255),
      primary key (eui, role)
    );
    comment on column ra.identifier_role.role is 'Remote Party Role (decimal) for which the identifier may hold certificates.';

    create table ra.system (
      id uuid primary key,
      party_id uuid not null references ra.party (id),
      name text not null,
      acting_roles text[] not null
        check (acting_roles <@ array['import-supplier', 'gas-supplier', 'dcc', 'manufacturer']::text[]),
      state text not null check (state in ('active', 'suspended')),
      registered_at timestamptz not null
    );
    create index system_party on ra.system (party_id);

    -- SEC Appendix M, Appendix G: the common name is unique per interface.
    create table ra.system_interface (
      system_id uuid not null references ra.system (id),
      interface text not null check (interface in ('json', 'adhoc', 'batch')),
      name text not null,
      primary key (interface, name),
      unique (system_id, interface)
    );

    create table ra.client_certificate (
      sha256 bytea primary key check (octet_length(sha256) = 32),
      system_id uuid not null references ra.system (id),
      issuer bytea not null,
      serial bytea not null,
      bound_at timestamptz not null,
      unique (issuer, serial)
    );
    comment on table ra.client_certificate is 'IKI certificates that systems connect with. issuer: DER Name; serial: content octets.';

    grant usage on schema ra to opensmki_ra;
    grant select, insert on ra.party, ra.identifier, ra.identifier_role, ra.system, ra.system_interface,
      ra.client_certificate to opensmki_ra;
    grant update (state, device_subscriber, organisation_subscriber) on ra.party to opensmki_ra;
    grant update (state) on ra.system to opensmki_ra;
  `);
}
