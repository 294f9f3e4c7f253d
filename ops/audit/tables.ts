import { createHash } from 'node:crypto';
import type { Migration } from '../kit/deps.js';
import { runtimeRole } from '../database/names.js';

/**
 * The audit tables of a component's schema, to stand before its own migrations.
 *
 * `audit_event`: what was recorded with the acts; the runtime role may insert and read, never change.
 * `transaction` is the inserting transaction's number, by which the sweeper knows that nothing older is still
 * to come. `audit_head`: one row an instance, how far its log file has got; moves forward only. Its `number` begins
 * the audit references of that log.
 */
export function auditMigrations(component: string): readonly Migration[] {
  const role = runtimeRole(component);
  return [
    {
      name: 'audit-0001-events-and-heads',
      async up(knex) {
        await knex.raw(`
          create table audit_event (
            id uuid primary key,
            instance text not null,
            transaction bigint not null default (pg_current_xact_id()::text::bigint),
            at timestamptz(3) not null,
            type text not null,
            actor text not null,
            facts jsonb not null
          )`);
        await knex.raw('create index audit_event_unplaced on audit_event (instance, transaction)');
        await knex.raw(`
          create table audit_head (
            instance text primary key,
            number integer generated always as identity (start with ${firstNumber(component)}) unique,
            writer uuid not null,
            seq bigint not null,
            size bigint not null,
            hash bytea not null check (octet_length(hash) = 32),
            settled_transaction bigint not null default 0,
            settled_size bigint not null default 0,
            at timestamptz(3) not null
          )`);
        await knex.raw(`grant select, insert on audit_event to ${role}`);
        await knex.raw(`grant select, insert, update on audit_head to ${role}`);
      }
    }
  ];
}

/**
 * Each component numbers its instances in a database that may be its own, and a reference must name one event
 * among those of all: so each begins elsewhere, by its name. A hundred instances fit between two beginnings, and
 * the highest fits into PostgreSQL's integer.
 */
function firstNumber(component: string): number {
  return createHash('sha256').update(component).digest().readUIntBE(0, 3) * 100 + 1;
}
