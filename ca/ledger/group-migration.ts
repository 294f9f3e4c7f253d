/**
 * Groups instead of rows: what one transaction writes from one array needs no key of each row checked by a trigger
 * and a look-up, and what the DER says need not stand beside it. A serial or a request is still used once, by unique
 * indexes; that the rows of a group belong together is checked by the books, not for each row as it is written.
 *
 * Certificates are found by serial (through the intent), by request and by order; by EUI, key identifier and hash in
 * the repository, which has the indexes for it.
 */
import type { Knex } from 'knex';
import type { Migration } from '../../ops/kit/deps.js';

const groups = `
alter table ca.intent add column domain text;
update ca.intent set domain = case
  when profile like 'device-%' then 'smki-device' when profile like 'iki-%' then 'iki' else 'smki-organisation' end;
alter table ca.intent alter column domain set not null, drop column profile,
  drop constraint intent_order_id_fkey;
alter table ca.request drop constraint request_order_id_fkey;
alter table ca.refusal drop constraint refusal_order_id_fkey;
alter table ca.outbox drop constraint outbox_order_id_fkey;
alter table ca.abandoned_serial drop constraint abandoned_serial_issuer_serial_fkey;

-- Certificate requests do not compress: trying costs more than writing them.
alter table ca.signed_order alter column bytes set storage external;

create table ca.issuer (
  number integer generated always as identity primary key,
  name text not null unique
);
comment on table ca.issuer is 'Issuing CAs by RFC 4514 name; the number stands for the name in intents and certificates.';
insert into ca.issuer (name) select distinct issuer from ca.intent_item order by issuer;

alter table ca.certificate rename to certificate_before_groups;
alter table ca.intent_item rename to intent_item_before_groups;

create table ca.intent_item (
  order_id uuid not null,
  serial uuid not null,
  epoch integer not null,
  item integer not null,
  issuer integer not null,
  not_after timestamptz not null,
  tbs_sha256 bytea not null
);
comment on table ca.intent_item is 'A to-be-signed certificate that may have gone to the token. Its serial is never used again.';
insert into ca.intent_item (order_id, serial, epoch, item, issuer, not_after, tbs_sha256)
  select order_id, serial, epoch, item, number, not_after, tbs_sha256
    from ca.intent_item_before_groups join ca.issuer on name = issuer order by order_id, epoch, item;
create unique index intent_item_serial on ca.intent_item (serial, issuer);
create index intent_item_order on ca.intent_item (order_id);

create table ca.certificate (
  order_id uuid not null,
  request_id uuid not null,
  serial uuid not null,
  item integer not null,
  issuer integer not null,
  profile text not null,
  public_key bytea not null,
  der bytea not null
);
comment on table ca.certificate is 'Issued certificates; the serial is that of one intent of the order and item.';
comment on column ca.certificate.public_key is 'SHA-256 of the SubjectPublicKeyInfo, first 16 octets';
insert into ca.certificate (order_id, request_id, serial, item, issuer, profile, public_key, der)
  select order_id, request_id, serial, item, number, profile, public_key, der
    from ca.certificate_before_groups join ca.issuer on name = issuer order by order_id, item;
drop table ca.certificate_before_groups, ca.intent_item_before_groups;
alter table ca.certificate add primary key (order_id, item);
create unique index certificate_request on ca.certificate (request_id);

-- One row per key, hour and lane of a process: no two transactions that run at the same time meet in one.
alter table ca.ra_key_hour add column shard text not null default '';
alter table ca.ra_key_hour drop constraint ra_key_hour_pkey, add primary key (key_id, hour, shard);
alter table ca.ra_key_hour alter column shard drop default;
`;

const grants = `
grant select, insert on ca.issuer, ca.intent_item, ca.certificate to opensmki_ca;
`;

export const groupMigration: Migration = {
  name: '0002-groups',
  up: async (knex: Knex) => {
    await knex.raw(groups);
    await knex.raw(grants);
  }
};
