import type { Knex } from 'knex';

/**
 * Batches of device requests. A batch's requests have no row each: the upload lies in packed chunks, and what came of
 * it in one row a group. Content is written once; the runtime role can delete nothing but through `ra.erase_batch`,
 * which takes content and results of a batch whose time is over and leaves what the audit log refers to.
 */
export async function batches(knex: Knex): Promise<void> {
  await knex.raw(`
    create table ra.batch (
      id bigint generated always as identity primary key,
      party_id uuid not null references ra.party (id),
      system_id uuid not null references ra.system (id),
      source text not null check (source in ('batch', 'portal')),
      name text not null,
      state text not null check (state in
        ('PENDING', 'REJECTED', 'PARSING', 'QUEUED', 'PROCESSING', 'PAUSED', 'COMPLETED', 'TAMPERED')),
      requests integer not null check (requests > 0),
      received_sha256 bytea not null check (octet_length(received_sha256) = 32),
      received_octets bigint not null,
      seal bytea not null check (octet_length(seal) = 32),
      stored_octets bigint not null,
      over_notice boolean not null,
      arrived_at timestamptz not null,
      submitted_at timestamptz not null,
      decided_by text,
      decided_at timestamptz,
      note text,
      chunk_digests bytea,
      parsed_at timestamptz,
      started_at timestamptz,
      completed_at timestamptz,
      available_until timestamptz,
      erased_at timestamptz,
      lease_holder text,
      lease_token uuid,
      lease_until timestamptz
    );
    comment on column ra.batch.seal is 'SHA-256 over the octets of the chunks in their order, as received.';
    comment on column ra.batch.chunk_digests is 'SHA-256 of each chunk in order, once all agree with the seal.';
    comment on column ra.batch.note is 'Reason of the rejection, or the note of the approval.';
    create index batch_of_party on ra.batch (party_id, submitted_at);
    create index batch_under_way on ra.batch (submitted_at)
      where state in ('PENDING', 'PARSING', 'QUEUED', 'PROCESSING', 'PAUSED');
    create index batch_to_erase on ra.batch (available_until) where erased_at is null;

    create table ra.batch_chunk (
      batch_id bigint not null references ra.batch (id),
      number integer not null,
      first_item integer not null,
      items integer not null check (items > 0),
      octets bytea not null,
      primary key (batch_id, number)
    );
    -- Keys and signatures do not compress: stored as they are, without the attempt.
    alter table ra.batch_chunk alter column octets set storage external;

    create table ra.batch_group (
      id bigint generated always as identity primary key,
      batch_id bigint not null references ra.batch (id),
      first_item integer not null,
      items integer not null check (items > 0),
      state text not null check (state in ('ordered', 'again', 'settled')),
      facts bytea not null,
      states bytea not null,
      results bytea,
      issued integer not null default 0,
      refused integer not null default 0,
      order_id uuid,
      order_expires_at timestamptz,
      order_left boolean not null default false,
      tries smallint not null default 0,
      retry_at timestamptz,
      decided_at timestamptz not null,
      settled_at timestamptz,
      check (octet_length(states) = items),
      unique (batch_id, first_item)
    );
    comment on column ra.batch_group.facts is 'Packed: identifier, request, hashes and refusal of each request.';
    comment on column ra.batch_group.states is 'One octet a request: what became of it; stays when results are erased.';
    comment on column ra.batch_group.order_id is 'The order it waits for or last waited for; the order refers to it.';
    comment on column ra.batch_group.order_left is
      'An older order of it was claimed and never reported: its keys go to no other request.';
    alter table ra.batch_group alter column facts set storage external;
    alter table ra.batch_group alter column results set storage external;
    create index batch_group_unsettled on ra.batch_group (batch_id) where state <> 'settled';
    create index batch_group_decided on ra.batch_group using brin (decided_at);

    alter table ra.orders add column batch_group bigint references ra.batch_group (id);
    comment on column ra.orders.batch_group is 'Set for an order of a batch: its requests have no row of their own.';
    alter table ra.orders alter column bytes set storage external;

    create function ra.erase_batch(erased bigint, at timestamptz) returns boolean
      language plpgsql security definer set search_path = '' as $function$
    begin
      update ra.batch set erased_at = at
        where id = erased and erased_at is null and available_until is not null and available_until <= at;
      if not found then return false; end if;
      delete from ra.batch_chunk where batch_id = erased;
      update ra.batch_group set results = null where batch_id = erased;
      return true;
    end
    $function$;
    revoke all on function ra.erase_batch(bigint, timestamptz) from public;

    grant select, insert on ra.batch, ra.batch_chunk, ra.batch_group to opensmki_ra;
    grant update (state, decided_by, decided_at, note, chunk_digests, parsed_at, started_at, completed_at,
      available_until, lease_holder, lease_token, lease_until) on ra.batch to opensmki_ra;
    grant update (state, states, results, issued, refused, order_id, order_expires_at, order_left, tries, retry_at, settled_at)
      on ra.batch_group to opensmki_ra;
    grant execute on function ra.erase_batch(bigint, timestamptz) to opensmki_ra;
  `);
}
