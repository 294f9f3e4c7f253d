/** What became of a report. Everything but `recorded` and `repeated` is an alarm. */
export type ReportResult =
  | 'recorded'
  | 'repeated'
  /** No such order. */
  | 'unknown-order'
  /** The order is finished with other bytes, or was withdrawn. */
  | 'conflict'
  /** The outcomes are not those of the order's requests, or a certificate is not for the request's key. */
  | 'mismatch';

/** A report that disagrees with what is on record. Thrown inside the report's transaction to roll it back. */
export class Alarm extends Error {
  readonly code = 'report/alarm';
  readonly result: Exclude<ReportResult, 'recorded' | 'repeated'>;
  constructor(result: Alarm['result'], what: string) {
    super(what);
    this.name = 'Alarm';
    this.result = result;
  }
}
