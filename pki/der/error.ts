/** Why octets are not the DER that was asked for; closed. */
export type DerErrorCode =
  /** More octets than the caller's limit, or a value over its own limit. */
  | 'der/size'
  | 'der/depth'
  /** The octets end before the value does. */
  | 'der/truncated'
  /** Another tag than the one the schema has here, or a tag DER has no use for. */
  | 'der/tag'
  /** Indefinite, over-long or non-minimal length. */
  | 'der/length'
  /** Octets after the end of the value. */
  | 'der/trailing'
  | 'der/integer'
  | 'der/oid'
  | 'der/boolean'
  | 'der/bit-string'
  | 'der/null'
  /** Octets outside the alphabet of the string type, or not UTF-8. */
  | 'der/string'
  /** Not a date, or not in the form DER and RFC 5280 have for it. */
  | 'der/time'
  /** Members of a SET OF out of order, or twice. */
  | 'der/set-order'
  /** A DEFAULT value written out. */
  | 'der/default'
  /** Well-formed, but not a value the schema has here. */
  | 'der/value';

/** Octets that are not strict DER. The message names what was being read and where; never its content. */
export class DerError extends Error {
  readonly code: DerErrorCode;
  /** Octet offset in the input handed to the reader at which the fault was seen. */
  readonly offset: number;
  /** The thing being read, in the words of the schema. */
  readonly what: string;

  constructor(code: DerErrorCode, offset: number, what: string) {
    super(`${code}: ${what} at octet ${offset}`);
    this.name = 'DerError';
    this.code = code;
    this.offset = offset;
    this.what = what;
  }
}
