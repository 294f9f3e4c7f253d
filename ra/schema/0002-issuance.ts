import type { Knex } from 'knex';

/**
 * What was asked and what came of it. The unique constraints decide between two RAs on one database: the public
 * key in `key_registry`, the device's count in `device_counter`, the client's key in `idempotency`.
 */
export async function issuance(knex: Knex): Promise<void> {
  await knex.raw(`
    create sequence ra.transaction_id as bigint increment by 64;

    create table ra.orders (
      id uuid primary key,
      party_id uuid not null references ra.party (id),
      bytes bytea not null,
      key_id bytea not null check (octet_length(key_id) = 32),
      signature bytea not null check (octet_length(signature) = 64),
      lane text not null check (lane in ('adhoc', 'batch')),
      state text not null check (state in ('open', 'claimed', 'cancelled', 'finished')),
      created_at timestamptz not null,
      expires_at timestamptz not null,
      claimed_by text,
      claimed_until timestamptz,
      report_hash bytea check (octet_length(report_hash) = 32),
      finished_at timestamptz
    );
    comment on column ra.orders.claimed_until is 'A hint: another CA may be handed the order after it.';
    create index orders_to_claim on ra.orders (lane, created_at) where state in ('open', 'claimed');

    create table ra.request (
      id uuid primary key,
      party_id uuid not null references ra.party (id),
      system_id uuid not null references ra.system (id),
      interface text not null check (interface in ('json', 'adhoc', 'batch', 'admin')),
      kind text not null check (kind in ('device', 'organisation', 'iki-client')),
      profile text not null,
      eui bigint,
      request_hash bytea not null check (octet_length(request_hash) = 32),
      public_key_hash bytea not null check (octet_length(public_key_hash) = 32),
      csr bytea not null check (octet_length(csr) <= 4096),
      order_id uuid not null references ra.orders (id),
      state text not null check (state in ('open', 'issued', 'refused', 'failed')),
      outcome text,
      certificate bytea,
      serial text,
      arrived_at timestamptz not null,
      validated_at timestamptz not null,
      available_at timestamptz,
      delivered_at timestamptz,
      delivery_confirmed_at timestamptz,
      check ((state = 'issued') = (certificate is not null))
    );
    comment on column ra.request.outcome is 'Code of the refusal or failure; null while open and when issued.';
    comment on column ra.request.delivered_at is 'Set before the certificate is sent, cleared when sending fails.';
    -- A system's own request, found again by the bytes it sent.
    create unique index request_again on ra.request (system_id, request_hash);
    create index request_order on ra.request (order_id);

    -- Key uniqueness is decided here alone: SHA-256 of the SubjectPublicKeyInfo cut to 16 octets.
    create table ra.key_registry (
      key_hash uuid primary key,
      subject text not null,
      usage text not null check (usage in ('DS', 'KA')),
      request_id uuid not null
    );

    create table ra.device_counter (
      eui bigint primary key,
      issued integer not null default 0 check (issued >= 0),
      reserved integer not null default 0 check (reserved >= 0),
      first_issued_at timestamptz
    );

    create table ra.idempotency (
      party_id uuid not null references ra.party (id),
      key text not null,
      body_hash bytea not null check (octet_length(body_hash) = 32),
      request_id uuid,
      refusal text,
      detail text,
      created_at timestamptz not null,
      primary key (party_id, key),
      check ((request_id is null) <> (refusal is null))
    );

    grant usage on sequence ra.transaction_id to opensmki_ra;
    grant select, insert on ra.orders, ra.request, ra.key_registry, ra.device_counter, ra.idempotency to opensmki_ra;
    grant update (state, claimed_by, claimed_until, report_hash, finished_at) on ra.orders to opensmki_ra;
    grant update (order_id, state, outcome, certificate, serial, available_at, delivered_at, delivery_confirmed_at)
      on ra.request to opensmki_ra;
    grant update (issued, reserved, first_issued_at) on ra.device_counter to opensmki_ra;
  `);
}
