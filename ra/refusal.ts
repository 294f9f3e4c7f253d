import { codes, type CodeEntry, type RaCode } from './codes.js';

/**
 * A refusal or a failure that has a code. `detail` is for the log and the JSON problem; it never holds personal
 * data, and never bytes of the request.
 */
export class Refusal extends Error {
  readonly code: RaCode;
  readonly entry: CodeEntry;
  readonly detail: string | undefined;
  constructor(code: RaCode, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? codes[code].text : `${codes[code].text}: ${detail}`, options);
    this.name = 'Refusal';
    this.code = code;
    this.entry = codes[code];
    this.detail = detail;
  }
}

/**
 * The code for anything thrown: a `Refusal` as it is, a fault by where it comes from. A fault of the database, the
 * audit log or the HSM is never the client's.
 */
export function asRefusal(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  const code = codeOf(thrown);
  if (code === 'audit/unavailable') return new Refusal('audit/unavailable', undefined, { cause: thrown });
  if (code === 'device-status/unavailable')
    return new Refusal('device/status-unavailable', undefined, { cause: thrown });
  if (code?.startsWith('hsm/') === true || code?.startsWith('statement/') === true)
    return new Refusal('statement/unavailable', undefined, { cause: thrown });
  if (isDatabaseFault(thrown, code)) return new Refusal('database/unavailable', undefined, { cause: thrown });
  return new Refusal('internal', undefined, { cause: thrown });
}

function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/**
 * What `ops/database` says of a server that does not answer, and the same for a pool from elsewhere: the driver's
 * connection errors, PostgreSQL's classes 08 (connection), 40 (rollback by the server), 53
 * (resources), 55 (lock not available), 57 (operator intervention) and 58 (system), and knex giving up waiting for
 * a connection. PostgreSQL 15 manual, appendix A.
 */
function isDatabaseFault(thrown: unknown, code: string | undefined): boolean {
  if (!(thrown instanceof Error)) return false;
  if (code === 'database/unavailable') return true;
  if (code !== undefined && /^(08|25|40|53|55|57|58)[0-9A-Z]{3}$/.test(code)) return true;
  if (code !== undefined && /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|ENOENT$)/.test(code)) return true;
  if (thrown.name === 'KnexTimeoutError' || thrown.name === 'TimeoutError') return true;
  return /^(Connection terminated|Unable to acquire a connection|Client has encountered|timeout exceeded)/.test(
    thrown.message
  );
}
