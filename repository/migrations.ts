import type { Migration } from '../ops/kit/deps.js';
import { groups } from './migration-groups.js';

/**
 * The schema `repository`. Certificates, lists and revocations are rows that nobody may change: the runtime role
 * has INSERT and SELECT there and nothing else. What moves is the status, two columns of a narrow table.
 *
 * 16-octet serial numbers are `uuid` (which compares as a number), EUI-64s the same 64 bits as a signed
 * `bigint`. No partitions: they bring no speed to millions of rows and cost look-ups off the partition key.
 */
const tables = `
create table repository.publication (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('certificates', 'crl')),
  group_id uuid unique,
  peer text not null,
  items integer not null,
  accepted_at timestamptz not null,
  check ((kind = 'certificates') = (group_id is not null))
);

-- Identities have gaps where a transaction was rolled back; a feed must have none. The one row of feed_head is
-- locked last in each transaction, so that publications become visible in the order of their numbers.
create table repository.feed_head (
  only_row boolean primary key default true check (only_row),
  last bigint not null
);
insert into repository.feed_head (last) values (0);

create table repository.feed (
  sequence bigint primary key,
  publication bigint not null unique references repository.publication
);

create table repository.certificate (
  id bigint generated always as identity primary key,
  serial uuid not null,
  issuer bytea not null,
  subject bytea not null,
  profile text not null,
  kind text not null check (kind in ('device', 'organisation', 'ca')),
  eui bigint,
  role smallint,
  usage text check (usage in ('DS', 'KA')),
  ski bytea not null,
  public_key_hash bytea not null check (octet_length(public_key_hash) = 32),
  not_before timestamptz not null,
  not_after timestamptz not null,
  sha1 bytea not null check (octet_length(sha1) = 20),
  sha256 bytea not null check (octet_length(sha256) = 32),
  publication bigint not null references repository.publication,
  der bytea not null,
  check (kind = 'ca' or (eui is not null and usage is not null)),
  check ((kind = 'organisation') <= (role is not null))
);

-- One index for both questions: the serial number alone (as a number) and serial number with issuer.
create unique index certificate_serial_issuer on repository.certificate (serial, issuer);
-- Likewise: the EUI-64 alone, and with the key identifier a device reads back from its cells (GBCS CS02a).
create index certificate_eui_ski on repository.certificate (eui, ski);
create index certificate_sha1 on repository.certificate (sha1);
create index certificate_sha256 on repository.certificate (sha256);
create index certificate_public_key_hash on repository.certificate (public_key_hash);
create index certificate_publication on repository.certificate (publication);
create index certificate_ca_subject on repository.certificate (subject) where kind = 'ca';

create table repository.certificate_status (
  certificate bigint primary key references repository.certificate,
  -- Null for certification authorities.
  eui bigint,
  usage text,
  device boolean not null,
  status text not null check (status in ('I', 'P', 'N')),
  -- The first certificate of a device and usage: the one put in at manufacture.
  manufacturing boolean not null,
  -- When the newest statement that the status rests on was made.
  stated_at timestamptz not null
);

-- Clients expect exactly one certificate in use per device EUI-64 and usage. Organisations hold several (top-up).
create unique index certificate_status_one_in_use on repository.certificate_status (eui, usage)
  where status = 'I' and device;
create index certificate_status_eui on repository.certificate_status (eui, usage, status);

create table repository.crl (
  id bigint generated always as identity primary key,
  issuer bytea not null,
  authority_key bytea not null,
  profile text not null,
  -- cRLNumber has at most 20 octets (RFC 5280 5.2.3), 49 decimal digits.
  number numeric(49) not null,
  this_update timestamptz not null,
  next_update timestamptz not null,
  sha256 bytea not null check (octet_length(sha256) = 32),
  publication bigint not null references repository.publication,
  der bytea not null,
  unique (authority_key, issuer, number)
);
create index crl_profile on repository.crl (profile, this_update);

-- Filled from signed lists only. A revocation is for ever: an entry that a later list leaves out stays.
create table repository.revocation (
  serial uuid not null,
  issuer bytea not null,
  revoked_at timestamptz not null,
  reason smallint,
  crl bigint not null references repository.crl,
  primary key (serial, issuer)
);

create table repository.api_key (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  salt bytea not null check (octet_length(salt) = 16),
  key_hash bytea not null check (octet_length(key_hash) = 32),
  created_at timestamptz not null,
  revoked_at timestamptz
);
`;

const grants = `
grant usage on schema repository to opensmki_repository;
grant select, insert on repository.publication, repository.feed, repository.certificate,
  repository.certificate_status, repository.crl, repository.revocation, repository.api_key to opensmki_repository;
grant select, update (last) on repository.feed_head to opensmki_repository;
grant update (status, stated_at) on repository.certificate_status to opensmki_repository;
grant update (revoked_at) on repository.api_key to opensmki_repository;
`;

export const migrations: readonly Migration[] = [
  {
    name: '0001-repository',
    async up(knex) {
      await knex.raw(tables);
      await knex.raw(grants);
    }
  },
  {
    name: '0002-groups',
    async up(knex) {
      // Tables of millions of rows are written anew.
      await knex.raw('set local statement_timeout = 0');
      await knex.raw(groups);
    }
  }
];
