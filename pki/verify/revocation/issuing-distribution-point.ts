import { DerError, contextConstructed, contextPrimitive, type DerReader } from '../../der/index.js';
import {
  allReasons,
  readDistributionPointName,
  readReasonFlags,
  type DistributionPointName
} from '../path/distribution-point.js';
import { decodeWhole } from '../path/extensions.js';
import { malformed } from './error.js';

/** IssuingDistributionPoint (RFC 5280 5.2.5): what a list is about. */
export interface IssuingDistributionPoint {
  /** The extension's value: two scopes are one when these are equal. */
  readonly der: Uint8Array;
  readonly name: DistributionPointName | undefined;
  readonly onlyUserCerts: boolean;
  readonly onlyCaCerts: boolean;
  readonly onlyAttributeCerts: boolean;
  /** onlySomeReasons as a set of bits 1 to 8 of ReasonFlags; undefined: every reason. */
  readonly reasons: number | undefined;
  readonly indirect: boolean;
}

const what = 'issuingDistributionPoint';

/** Reads the extension's value by the rules of RFC 5280 5.2.5 for who writes it. */
export function decodeIssuingDistributionPoint(value: Uint8Array): IssuingDistributionPoint {
  return decodeWhole(value, what, outer => {
    const reader = outer.sequence(what);
    if (reader.done) throw malformed(`${what} is empty`, 'RFC 5280 5.2.5');
    const name = reader.peek() === contextConstructed(0) ? readDistributionPointName(reader) : undefined;
    const onlyUserCerts = readFlag(reader, 1);
    const onlyCaCerts = readFlag(reader, 2);
    const reasons =
      reader.peek() === contextPrimitive(3)
        ? readReasonFlags(reader, contextPrimitive(3)) & allReasons
        : undefined;
    const indirect = readFlag(reader, 4);
    const onlyAttributeCerts = readFlag(reader, 5);
    reader.end(what);
    if (reasons === 0) throw malformed('onlySomeReasons names no reason', 'RFC 5280 5.2.5');
    if (Number(onlyUserCerts) + Number(onlyCaCerts) + Number(onlyAttributeCerts) > 1)
      throw malformed(`${what} is restricted to two kinds of certificates`, 'RFC 5280 5.2.5');
    return { der: value, name, onlyUserCerts, onlyCaCerts, onlyAttributeCerts, reasons, indirect };
  });
}

/** `[n] IMPLICIT BOOLEAN DEFAULT FALSE`: absent or TRUE (X.690 11.5). */
function readFlag(reader: DerReader, n: number): boolean {
  if (reader.peek() !== contextPrimitive(n)) return false;
  const { content, contentOffset } = reader.read(contextPrimitive(n), what);
  if (content.length !== 1 || content[0] !== 0xff) throw new DerError('der/default', contentOffset, what);
  return true;
}
