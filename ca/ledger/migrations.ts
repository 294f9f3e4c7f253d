/**
 * The schema `ca`. The runtime role may insert and read; it may change only what moves: the intent's holder, the
 * order that holds a request, acknowledgements and counters. Nothing may be deleted. Migrations are long by nature.
 */
import type { Knex } from 'knex';
import type { Migration } from '../../ops/kit/deps.js';
import { groupMigration } from './group-migration.js';

const tables = `
create table ca.signed_order (
  order_id uuid primary key,
  bytes bytea not null,
  key_id bytea not null check (octet_length(key_id) = 32),
  signature bytea not null check (octet_length(signature) = 64),
  received_at timestamptz not null default clock_timestamp()
);
comment on table ca.signed_order is 'Evidence: the bytes an RA signed. Written once, in the transaction of the intent or of the refusal.';

create table ca.intent (
  order_id uuid primary key references ca.signed_order,
  epoch integer not null check (epoch > 0),
  holder text not null,
  heartbeat timestamptz not null default clock_timestamp(),
  state text not null check (state in ('open', 'closed')),
  profile text not null,
  lane text not null,
  opened_at timestamptz not null default clock_timestamp(),
  closed_at timestamptz
);
comment on table ca.intent is 'One row per order that is or was executed; the spent permit. epoch is the attempt: take-over is compare-and-set epoch + 1.';
create index intent_open on ca.intent (heartbeat) where state = 'open';

create table ca.intent_item (
  order_id uuid not null references ca.intent,
  epoch integer not null,
  item integer not null,
  issuer text not null,
  serial uuid not null,
  tbs_sha256 bytea not null check (octet_length(tbs_sha256) = 32),
  not_after timestamptz not null,
  primary key (order_id, epoch, item),
  unique (issuer, serial)
);
comment on table ca.intent_item is 'A to-be-signed certificate that may have gone to the token. Its serial is never used again.';

create table ca.request (
  request_id uuid primary key,
  order_id uuid not null references ca.signed_order
);
comment on table ca.request is 'Which order holds a request: one request is certified once, by whatever orders.';

create table ca.certificate (
  issuer text not null,
  serial uuid not null,
  order_id uuid not null references ca.intent,
  item integer not null,
  request_id uuid not null unique references ca.request,
  profile text not null,
  der bytea not null,
  sha256 bytea not null check (octet_length(sha256) = 32),
  sha1 bytea not null check (octet_length(sha1) = 20),
  public_key bytea not null check (octet_length(public_key) = 16),
  eui bigint,
  usage text,
  ski bytea not null,
  not_before timestamptz not null,
  not_after timestamptz not null,
  policy_version text not null,
  issued_at timestamptz not null default clock_timestamp(),
  primary key (issuer, serial),
  unique (order_id, item),
  foreign key (issuer, serial) references ca.intent_item (issuer, serial)
);
comment on column ca.certificate.public_key is 'SHA-256 of the SubjectPublicKeyInfo, first 16 octets';
create index certificate_serial on ca.certificate (serial);
create index certificate_eui on ca.certificate (eui, usage) where eui is not null;
create index certificate_public_key on ca.certificate (public_key);
create index certificate_sha256 on ca.certificate (sha256);

create table ca.refusal (
  order_id uuid not null references ca.signed_order,
  item integer not null,
  request_id uuid not null,
  code text not null,
  detail text not null,
  refused_at timestamptz not null default clock_timestamp(),
  primary key (order_id, item)
);
create index refusal_request on ca.refusal (request_id, order_id);

create table ca.abandoned_serial (
  issuer text not null,
  serial uuid not null,
  order_id uuid not null,
  epoch integer not null,
  item integer not null,
  reason text not null check (reason in ('outcome-unknown', 'wrong-signature', 'taken-over', 'not-signed')),
  may_exist boolean not null,
  not_after timestamptz not null,
  abandoned_at timestamptz not null default clock_timestamp(),
  primary key (issuer, serial),
  foreign key (issuer, serial) references ca.intent_item (issuer, serial)
);
comment on table ca.abandoned_serial is 'Serials given up. may_exist: a signature may exist outside; such serials go on the CRL where the domain has one.';
create index abandoned_may_exist on ca.abandoned_serial (issuer) where may_exist;
create index abandoned_order on ca.abandoned_serial (order_id, item) where may_exist;

create table ca.outbox (
  order_id uuid primary key references ca.signed_order,
  ra text not null,
  sealed_at timestamptz,
  published_at timestamptz,
  reported_at timestamptz,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default clock_timestamp()
);
comment on table ca.outbox is 'One row per finished order, selected by not acknowledged. An order with nothing to publish counts as published.';
create index outbox_due on ca.outbox (next_attempt_at) where published_at is null or reported_at is null;

create table ca.ra_key_hour (
  key_id bytea not null,
  hour timestamptz not null,
  certificates integer not null,
  primary key (key_id, hour)
);

create table ca.ra_key_stop (
  stop_id uuid primary key,
  key_id bytea not null,
  reason text not null,
  stopped_at timestamptz not null default clock_timestamp()
);
create index ra_key_stop_key on ca.ra_key_stop (key_id);
create table ca.ra_key_release (
  stop_id uuid primary key references ca.ra_key_stop,
  actor text not null,
  released_at timestamptz not null default clock_timestamp()
);
comment on table ca.ra_key_release is 'Written by a person through the owner role: the running CA can stop a key and cannot release it.';

create table ca.ra_key_release_noted (
  stop_id uuid primary key references ca.ra_key_release
);
comment on table ca.ra_key_release_noted is 'Releases that stand in the audit log of a CA process.';

create table ca.revocation (
  issuer text not null,
  serial uuid not null,
  revoked_at timestamptz not null,
  reason integer not null,
  not_after timestamptz not null,
  order_bytes bytea not null,
  key_id bytea not null,
  signature bytea not null,
  primary key (issuer, serial)
);
create table ca.crl_intent (
  issuer text not null,
  number bigint not null check (number > 0),
  holder text not null,
  tbs_sha256 bytea not null,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (issuer, number)
);
comment on table ca.crl_intent is 'A CRL number that may have gone to the token; a number without a row in ca.crl is given up.';
create table ca.crl (
  issuer text not null,
  number bigint not null check (number > 0),
  der bytea not null,
  this_update timestamptz not null,
  next_update timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (issuer, number)
);
create table ca.crl_outbox (
  issuer text not null,
  number bigint not null,
  published_at timestamptz,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default clock_timestamp(),
  primary key (issuer, number),
  foreign key (issuer, number) references ca.crl (issuer, number)
);
create index crl_outbox_due on ca.crl_outbox (next_attempt_at) where published_at is null;
`;

const grants = `
grant usage on schema ca to opensmki_ca;
grant select, insert on
  ca.signed_order, ca.intent, ca.intent_item, ca.request, ca.certificate, ca.refusal, ca.abandoned_serial,
  ca.outbox, ca.ra_key_hour, ca.ra_key_stop, ca.ra_key_release_noted,
  ca.crl_intent, ca.crl, ca.crl_outbox
  to opensmki_ca;
grant select on ca.ra_key_release, ca.revocation to opensmki_ca;
grant update (epoch, holder, heartbeat, state, closed_at) on ca.intent to opensmki_ca;
grant update (order_id) on ca.request to opensmki_ca;
grant update (sealed_at, published_at, reported_at, attempts, next_attempt_at) on ca.outbox to opensmki_ca;
grant update (published_at, attempts, next_attempt_at) on ca.crl_outbox to opensmki_ca;
grant update (certificates) on ca.ra_key_hour to opensmki_ca;
`;

export const migrations: readonly Migration[] = [
  {
    name: '0001-ca',
    up: async (knex: Knex) => {
      await knex.raw(tables);
      await knex.raw(grants);
    }
  },
  groupMigration
];
