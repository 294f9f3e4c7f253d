import type { Socket } from 'node:net';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { PointVerifier } from '../../pki/verify/index.js';
import type { Clock } from './clock.js';
import type { AuditLog } from './audit.js';

/**
 * What every component receives beside its own configuration slice. Components import these types only; the
 * values are made in `ops`.
 */
export interface ComponentDeps {
  /** Bound to the component's own schema and least-privileged role. */
  readonly database: Knex;
  /** The hot path's way to the same database. */
  readonly sql: Sql;
  readonly clock: Clock;
  readonly audit: AuditLog;
  readonly log: Logger;
  readonly metrics: Registry;
  /**
   * Called at each numbered point of issuance, `component:step:before|after`. Production wiring hands in a
   * function that does nothing; fault tests stop the process there.
   */
  readonly stage: Stage;
  /** For issuing keys, which sign by the thousand: a faster way to verify, where this machine has one. */
  readonly verifyPoint?: PointVerifier | undefined;
}

/**
 * Statements of the hot path, past knex's own building and binding. A statement's text is fixed and its name is its
 * own for ever: the server parses and plans it once per connection.
 */
export interface Sql {
  /**
   * Runs a prepared statement with `$1`-style placeholders, on the pool or within a transaction. Arrays are bound
   * whole (`unnest($1::uuid[])`). int8 and numeric arrive as decimal text, octets as `Buffer`.
   */
  rows<Row>(
    database: Pick<Knex, 'client'>,
    name: string,
    statement: string,
    values: readonly SqlValue[]
  ): Promise<Row[]>;
  /**
   * The same for a statement without an answer, within a transaction: it may travel with the next one or with the
   * commit, and its fault is then theirs.
   */
  also(trx: Transaction, name: string, statement: string, values: readonly SqlValue[]): Promise<void>;
  /**
   * Appends rows with one binary COPY within a transaction. `table` with its schema; columns in the order of each
   * row's values. Nothing of it stays when the transaction is rolled back.
   */
  copy(
    trx: Transaction,
    table: string,
    columns: readonly SqlColumn[],
    rows: Iterable<readonly SqlValue[]>
  ): Promise<void>;
  /**
   * Runs `work` in a transaction that is for these statements only. It commits when `work` resolves, and rolls back
   * with what `work` throws. Statements asked for in one turn of the event loop travel together, in their order:
   * after a fault none of them takes effect.
   */
  transaction<T>(database: Knex, work: (trx: Transaction) => Promise<T>): Promise<T>;
  /** The same for questions that need no transaction, only one way there and back. */
  together<T>(database: Knex, work: (connection: Pick<Knex, 'client'>) => Promise<T>): Promise<T>;
}

/**
 * A transaction of `Sql`, or one of knex. `executionPromise` resolves once it is committed, and rejects once it is
 * rolled back.
 */
export interface Transaction extends Pick<Knex.Transaction, 'client'> {
  readonly executionPromise: Promise<unknown>;
}

/** Octets as `Uint8Array`, instants as `Date`, uuid as text, bigint as such or as decimal text. */
export type SqlScalar = string | number | bigint | boolean | null | Uint8Array | Date;
export type SqlValue = SqlScalar | readonly SqlScalar[];

export interface SqlColumn {
  readonly name: string;
  readonly type: 'int2' | 'int4' | 'int8' | 'text' | 'uuid' | 'bytea' | 'timestamptz' | 'bool';
}

export type Stage = (point: string) => void | Promise<void>;

/**
 * The verified component at the other end of an internal connection, NAME of `urn:opensmki:component:NAME`;
 * undefined when there is none.
 */
export type PeerComponent = (socket: Socket) => string | undefined;

/** A schema change of one component, run by the component's owner role; applied in the order of the names. */
export interface Migration {
  /** `0001-name`; never changed after release. */
  readonly name: string;
  up(knex: Knex): Promise<void>;
}
