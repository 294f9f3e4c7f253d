import type { Socket } from 'node:net';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Clock } from './clock.js';
import type { AuditLog } from './audit.js';

/**
 * What every component receives beside its own configuration slice. Components import these types only; the
 * values are made in `ops`.
 */
export interface ComponentDeps {
  /** Bound to the component's own schema and least-privileged role. */
  readonly database: Knex;
  readonly clock: Clock;
  readonly audit: AuditLog;
  readonly log: Logger;
  readonly metrics: Registry;
  /**
   * Called at each numbered point of issuance, `component:step:before|after`. Production wiring hands in a
   * function that does nothing; fault tests stop the process there.
   */
  readonly stage: Stage;
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
