/**
 * Migration 0002: what a group of hundreds costs the server, per certificate.
 *
 * - The id of a certificate is made of its publication and its place in it, so that statuses can be copied without
 *   reading ids back and a feed is a range of the primary key. The index on the publication goes.
 * - An issuer's name stands once, not in each row and each index entry.
 * - SHA-1 and public key are found by the first 8 octets of their hashes, and compared whole by whoever asks. Hash
 *   indexes: at a million rows and with random keys they take 3.1 µs of the server's time a row and index where a
 *   B-tree over whole hashes takes 4.9, 90 octets of WAL instead of 121, and after a checkpoint, when a page is
 *   logged whole at its first change, 210 instead of 553.
 * - Certificates are found by EUI-64 through their statuses, which have that index anyway; a device has few
 *   certificates, so the key identifier beside it needs none.
 * - A publication carries its number in the feed: one row less to write.
 * - Foreign keys from every certificate and every status go: each is a trigger and a query a row. Both rows are
 *   written in one transaction from one list, and nobody may delete or change what they point to.
 */
export const groups = `
create table repository.issuer (
  id integer generated always as identity primary key,
  name bytea not null unique
);
insert into repository.issuer (name)
  select issuer from repository.certificate union select issuer from repository.revocation;

-- Numbers without gaps, given by whoever holds the one row of feed_head; null for nobody.
alter table repository.publication add column sequence bigint;
update repository.publication p set sequence = f.sequence from repository.feed f where f.publication = p.id;
alter table repository.publication
  alter column sequence set not null,
  add constraint publication_sequence unique (sequence);
drop table repository.feed;

alter table repository.certificate rename to certificate_0001;
alter table repository.certificate_status rename to certificate_status_0001;

create table repository.certificate (
  -- 1,024 times the publication's id, and the place in it.
  id bigint not null,
  serial uuid not null,
  issuer integer not null,
  role smallint,
  kind text not null check (kind in ('device', 'organisation', 'ca')),
  usage text check (usage in ('DS', 'KA')),
  eui bigint,
  -- The first 8 octets, big-endian, as a signed number; for the public key of the SHA-256 of its SPKI.
  sha1_prefix bigint not null,
  public_key_prefix bigint not null,
  not_before timestamptz not null,
  not_after timestamptz not null,
  profile text not null,
  subject bytea not null,
  ski bytea not null,
  sha256 bytea not null check (octet_length(sha256) = 32),
  der bytea not null,
  check (kind = 'ca' or (eui is not null and usage is not null)),
  check (kind <> 'organisation' or role is not null)
);
create table repository.renumbered as
  select id as old, publication * 1024 + row_number() over (partition by publication order by id) - 1 as new
  from repository.certificate_0001;
insert into repository.certificate (id, serial, issuer, role, kind, usage, eui, sha1_prefix, public_key_prefix,
    not_before, not_after, profile, subject, ski, sha256, der)
  select n.new, c.serial, i.id, c.role, c.kind, c.usage, c.eui,
    ('x' || encode(substr(c.sha1, 1, 8), 'hex'))::bit(64)::bigint,
    ('x' || encode(substr(c.public_key_hash, 1, 8), 'hex'))::bit(64)::bigint,
    c.not_before, c.not_after, c.profile, c.subject, c.ski, c.sha256, c.der
  from repository.certificate_0001 c join repository.renumbered n on n.old = c.id join repository.issuer i on i.name = c.issuer
  order by n.new;

create table repository.certificate_status (
  certificate bigint not null,
  -- Null for certification authorities.
  eui bigint,
  stated_at timestamptz not null,
  device boolean not null,
  -- The first certificate of a device and usage: the one put in at manufacture.
  manufacturing boolean not null,
  status text not null check (status in ('I', 'P', 'N')),
  usage text
);
insert into repository.certificate_status (certificate, eui, stated_at, device, manufacturing, status, usage)
  select n.new, s.eui, s.stated_at, s.device, s.manufacturing, s.status, s.usage
  from repository.certificate_status_0001 s join repository.renumbered n on n.old = s.certificate order by n.new;
drop table repository.certificate_status_0001;
drop table repository.certificate_0001;
drop table repository.renumbered;

alter table repository.certificate add constraint certificate_pkey primary key (id);
-- One index for both questions: the serial number alone (as a number) and serial number with issuer.
create unique index certificate_serial_issuer on repository.certificate (serial, issuer);
create index certificate_sha1 on repository.certificate using hash (sha1_prefix);
create index certificate_sha256 on repository.certificate using hash (sha256);
create index certificate_public_key on repository.certificate using hash (public_key_prefix);
create index certificate_ca_subject on repository.certificate (subject) where kind = 'ca';
alter table repository.certificate_status add constraint certificate_status_pkey primary key (certificate);
-- Clients expect exactly one certificate in use per device EUI-64 and usage. Organisations hold several (top-up).
create unique index certificate_status_one_in_use on repository.certificate_status (eui, usage)
  where status = 'I' and device;
create index certificate_status_eui on repository.certificate_status (eui, usage, status);

alter table repository.revocation add column issuer_id integer;
update repository.revocation r set issuer_id = i.id from repository.issuer i where i.name = r.issuer;
alter table repository.revocation drop constraint revocation_pkey;
alter table repository.revocation drop column issuer;
alter table repository.revocation rename column issuer_id to issuer;
alter table repository.revocation alter column issuer set not null;
alter table repository.revocation add constraint revocation_pkey primary key (serial, issuer);

grant select, insert on repository.issuer, repository.certificate, repository.certificate_status
  to opensmki_repository;
grant update (status, stated_at) on repository.certificate_status to opensmki_repository;
grant usage on sequence repository.publication_id_seq to opensmki_repository;
`;
