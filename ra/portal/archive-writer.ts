import { crc32 } from 'node:zlib';
import {
  centralOctets,
  centralSignature,
  endOctets,
  endSignature,
  localOctets,
  localSignature,
  stored,
  utf8Flag,
  versionNeeded
} from './archive-form.js';

/** DESIGN: octets handed on at once; what lies between two writes of a connection, and some hundred entries. */
const chunkOctets = 65_536;

/** Made by 2.0 on Unix, whose permission bits the external attributes then hold (APPNOTE 4.4.2, 4.4.15). */
const madeBy = 0x0314;
const plainFile = (0o100644 << 16) >>> 0;

/**
 * Packs entries into a ZIP file as they come, stored: Base64 of certificates hardly packs. Memory: the directory,
 * some 150 octets an entry. The caller keeps the entries under 65,535 and the names to root level and unique.
 */
export async function* writeArchive(
  entries: AsyncIterable<{ readonly name: string; readonly octets: Uint8Array }>,
  at: Date
): AsyncGenerator<Buffer> {
  const directory: Buffer[] = [];
  const pending = new Chunk();
  const time = dosTime(at);
  let offset = 0;
  for await (const { name, octets } of entries) {
    const head = headOf(name, octets, time);
    directory.push(centralRecord(head, offset));
    const local = localRecord(head);
    offset += local.length + octets.length;
    pending.add(local);
    pending.add(octets);
    if (pending.octets >= chunkOctets) yield pending.take();
  }
  let size = 0;
  for (const record of directory) {
    size += record.length;
    pending.add(record);
    if (pending.octets >= chunkOctets) yield pending.take();
  }
  pending.add(endRecord(directory.length, size, offset));
  yield pending.take();
}

class Chunk {
  #parts: Uint8Array[] = [];
  octets = 0;

  add(part: Uint8Array): void {
    this.#parts.push(part);
    this.octets += part.length;
  }

  take(): Buffer {
    const chunk = Buffer.concat(this.#parts, this.octets);
    this.#parts = [];
    this.octets = 0;
    return chunk;
  }
}

/** The fields that local header and directory share, from "version needed" to "extra field length" (APPNOTE 4.3.7). */
interface Head {
  readonly shared: Buffer;
  readonly name: Buffer;
}

function headOf(name: string, octets: Uint8Array, { date, time }: DosTime): Head {
  const nameOctets = Buffer.from(name, 'utf8');
  const shared = Buffer.alloc(26);
  shared.writeUInt16LE(versionNeeded, 0);
  shared.writeUInt16LE(nameOctets.length === name.length ? 0 : utf8Flag, 2);
  shared.writeUInt16LE(stored, 4);
  shared.writeUInt16LE(time, 6);
  shared.writeUInt16LE(date, 8);
  shared.writeUInt32LE(crc32(octets), 10);
  shared.writeUInt32LE(octets.length, 14);
  shared.writeUInt32LE(octets.length, 18);
  shared.writeUInt16LE(nameOctets.length, 22);
  return { shared, name: nameOctets };
}

function localRecord({ shared, name }: Head): Buffer {
  const signature = Buffer.alloc(localOctets - shared.length);
  signature.writeUInt32LE(localSignature, 0);
  return Buffer.concat([signature, shared, name]);
}

function centralRecord({ shared, name }: Head, offset: number): Buffer {
  const record = Buffer.alloc(centralOctets);
  record.writeUInt32LE(centralSignature, 0);
  record.writeUInt16LE(madeBy, 4);
  shared.copy(record, 6);
  record.writeUInt32LE(plainFile, 38);
  record.writeUInt32LE(offset, 42);
  return Buffer.concat([record, name]);
}

function endRecord(count: number, size: number, offset: number): Buffer {
  const record = Buffer.alloc(endOctets);
  record.writeUInt32LE(endSignature, 0);
  record.writeUInt16LE(count, 8);
  record.writeUInt16LE(count, 10);
  record.writeUInt32LE(size, 12);
  record.writeUInt32LE(offset, 16);
  return record;
}

interface DosTime {
  readonly date: number;
  readonly time: number;
}

/** MS-DOS date and time (APPNOTE 4.4.6): from 1980, in steps of two seconds; the instant in UTC. */
function dosTime(at: Date): DosTime {
  return {
    date: ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate(),
    time: (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1)
  };
}
