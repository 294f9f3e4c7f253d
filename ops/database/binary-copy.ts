import { DatabaseError } from './errors.js';
import type { SqlColumn, SqlValue } from '../kit/deps.js';

/** PostgreSQL 15 manual, COPY, "Binary Format": signature, flags, length of the header extension. */
const header = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const trailer = Buffer.from([0xff, 0xff]);

/** Instants count in microseconds from 2000-01-01. */
const postgresEpochMs = Date.UTC(2000, 0, 1);
/** `infinity` to PostgreSQL and out of range to ECMAScript; no date of ours comes near. */
const maxInstantMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** DESIGN: a piece of COPY data is handed to the socket at about this size; most copies are one small piece. */
const pieceOctets = 64 * 1024;
const firstOctets = 8 * 1024;

/** The rows in PostgreSQL's binary format, in pieces. Throws `DatabaseError` `database/value` for what does not fit. */
export function* binaryCopy(
  columns: readonly SqlColumn[],
  rows: Iterable<readonly SqlValue[]>
): Generator<Buffer> {
  let piece = Buffer.allocUnsafe(firstOctets);
  let at = header.copy(piece);
  const instants: SqlValue[] = [];
  const microseconds: bigint[] = [];

  const room = (octets: number): void => {
    if (at + octets <= piece.length) return;
    const grown = Buffer.allocUnsafe(Math.max(at + octets, piece.length * 2));
    piece.copy(grown, 0, 0, at);
    piece = grown;
  };

  for (const row of rows) {
    if (row.length !== columns.length)
      throw new DatabaseError('database/value', `${row.length} values for ${columns.length} columns`);
    room(2);
    at = piece.writeInt16BE(columns.length, at);
    for (let index = 0; index < columns.length; index += 1) {
      const column = columns[index] as SqlColumn;
      const value = row[index];
      if (value === null || value === undefined) {
        room(4);
        at = piece.writeInt32BE(-1, at);
        continue;
      }
      switch (column.type) {
        case 'int2':
          room(6);
          at = piece.writeInt16BE(integerOf(value, column, 2 ** 15), piece.writeInt32BE(2, at));
          break;
        case 'int4':
          room(8);
          at = piece.writeInt32BE(integerOf(value, column, 2 ** 31), piece.writeInt32BE(4, at));
          break;
        case 'int8':
          room(12);
          at = piece.writeBigInt64BE(bigintOf(value, column), piece.writeInt32BE(8, at));
          break;
        case 'bool':
          if (typeof value !== 'boolean') throw misfit(column);
          room(5);
          at = piece.writeInt8(value ? 1 : 0, piece.writeInt32BE(1, at));
          break;
        case 'timestamptz':
          room(12);
          // A column mostly carries the instant of the row before.
          if (value !== instants[index]) {
            microseconds[index] = microsecondsOf(value, column);
            instants[index] = value;
          }
          at = piece.writeBigInt64BE(microseconds[index] as bigint, piece.writeInt32BE(8, at));
          break;
        case 'uuid': {
          if (typeof value !== 'string') throw misfit(column);
          const hex = value.length === 36 ? value.replaceAll('-', '') : value;
          room(20);
          at = piece.writeInt32BE(16, at);
          // `write` stops at the first octet that is not hexadecimal.
          if (hex.length !== 32 || piece.write(hex, at, 16, 'hex') !== 16) throw misfit(column);
          at += 16;
          break;
        }
        case 'bytea': {
          if (!(value instanceof Uint8Array)) throw misfit(column);
          room(4 + value.length);
          at = piece.writeInt32BE(value.length, at);
          piece.set(value, at);
          at += value.length;
          break;
        }
        case 'text': {
          if (typeof value !== 'string') throw misfit(column);
          const octets = Buffer.byteLength(value);
          room(4 + octets);
          at = piece.writeInt32BE(octets, at);
          at += piece.write(value, at, octets, 'utf8');
          break;
        }
      }
    }
    if (at >= pieceOctets) {
      yield piece.subarray(0, at);
      piece = Buffer.allocUnsafe(pieceOctets * 2);
      at = 0;
    }
  }
  room(trailer.length);
  at += trailer.copy(piece, at);
  yield piece.subarray(0, at);
}

/** Without this an overflow would be the buffer's own error, with the value in its message. */
function integerOf(value: SqlValue, column: SqlColumn, limit: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < -limit || value >= limit)
    throw misfit(column);
  return value;
}

function bigintOf(value: SqlValue, column: SqlColumn): bigint {
  const integer =
    typeof value === 'bigint'
      ? value
      : Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d{1,19}$/.test(value))
        ? BigInt(value as number | string)
        : undefined;
  if (integer === undefined || BigInt.asIntN(64, integer) !== integer) throw misfit(column);
  return integer;
}

function microsecondsOf(value: SqlValue, column: SqlColumn): bigint {
  if (!(value instanceof Date)) throw misfit(column);
  const ms = value.getTime();
  if (!(Math.abs(ms) <= maxInstantMs)) throw misfit(column);
  return BigInt(ms - postgresEpochMs) * 1000n;
}

function misfit({ name, type }: SqlColumn): DatabaseError {
  return new DatabaseError('database/value', `a value of column ${name} is no ${type}`);
}
