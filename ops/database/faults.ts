import { DatabaseUnavailable } from './errors.js';

/** Node's codes of a connection that is refused, lost or never came about. */
const connectionCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN'
]);

/**
 * SQLSTATE classes and codes that say "not now" (PostgreSQL, Appendix A): connection exceptions (08),
 * insufficient resources (53), operator intervention (57, of which 57014 is our own statement timeout), system
 * errors (58), a read-only server after a failover, the idle-in-transaction timeout, and a password refused
 * while roles are being changed.
 */
const unavailableStates = /^(?:08...|53...|57...|58...|25006|25P03|28P01)$/;

/** Texts of pg and knex for which neither gives a code. */
const unavailableTexts =
  /Connection terminated|Client has encountered a connection error|timeout expired|Query read timeout|Timeout acquiring a connection|Unable to acquire a connection|Connection ended unexpectedly|Client was closed/;

/** SQLSTATE of a database error, or Node's error code; undefined for anything else. */
export function errorState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** `DatabaseUnavailable` with the cause kept when the database could not answer; otherwise the error itself. */
export function asDatabaseFault(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DatabaseUnavailable) return error;
  const state = errorState(error);
  const unavailable =
    (state !== undefined && (connectionCodes.has(state) || unavailableStates.test(state))) ||
    // A host with several addresses is refused as one error of many.
    (error instanceof AggregateError &&
      error.errors.some(one => connectionCodes.has(errorState(one) ?? ''))) ||
    unavailableTexts.test(error.message);
  if (!unavailable) return error;
  // The driver's message may quote the statement; the cause keeps it for the log, the message does not.
  return new DatabaseUnavailable(`the database does not answer (${state ?? 'connection lost'})`, {
    cause: error,
    sqlState: state
  });
}

/** Of a connection in knex's pool: what is set here makes the pool drop it instead of handing it out again. */
interface PooledConnection {
  __knex__disposed?: unknown;
  readonly connection: { readonly stream: { destroy(): void } };
}

/**
 * Ends a connection whose statement the driver gave up: the server owes its answer still, and whoever came next would
 * wait for it in vain.
 */
export function dropUnanswered(connection: unknown, error: unknown): void {
  if (!(error instanceof Error) || error.message !== 'Query read timeout') return;
  const pooled = connection as PooledConnection;
  pooled.__knex__disposed = error;
  pooled.connection.stream.destroy();
}
