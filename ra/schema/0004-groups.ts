import type { Knex } from 'knex';

/** Decisions by group: one order may hold the requests of several parties, and what moves moves by set. */
export async function groups(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table ra.orders alter column party_id drop not null;
    comment on column ra.orders.party_id is 'Null where the requests of an order are of several parties.';

    alter table ra.request add column ordered_again boolean not null default false;
    comment on column ra.request.ordered_again is
      'An older order of it may still be reported; its key is never given to another request.';
    grant update (ordered_again) on ra.request to opensmki_ra;
    -- A key whose request ended without a certificate goes to the next request for the same subject and usage.
    grant update (request_id) on ra.key_registry to opensmki_ra;

    -- A request's row is written open, closed and confirmed, and twice as large once it holds its certificate: with
    -- room on its page the versions stay there and no index is touched.
    alter table ra.request set (fillfactor = 50);
    alter table ra.device_counter set (fillfactor = 70);
    alter table ra.orders set (fillfactor = 50);

    -- What a client sends again is known for so long; then the key may be used anew.
    create index idempotency_age on ra.idempotency (created_at);
    grant delete on ra.idempotency to opensmki_ra;
  `);
}
