import { crc32, inflateRawSync } from 'node:zlib';
import { checkExtra, readDirectory, type ArchiveLimits, type DirectoryEntry } from './archive-directory.js';
import { ArchiveError } from './archive-error.js';
import { descriptorFlag, descriptorSignature, localOctets, localSignature, stored } from './archive-form.js';
import { ArchiveWindow, type ArchiveFile } from './archive-window.js';

/** A request file of an archive. */
export interface ArchiveEntry {
  readonly name: string;
  /** Unpacked, the reader's to keep. */
  readonly octets: Uint8Array;
}

/**
 * Unpacks an archive of requests (SEC Appendix M, Appendix F), entry by entry in the order of the file. The directory
 * is checked whole first; then the entries must follow each other from the first octet to the directory without gap
 * or overlap, each with a local header that says what the directory says, so that every reader sees the same
 * archive. Throws `ArchiveError`; what was yielded before must then not be used.
 */
export async function* readArchive(file: ArchiveFile, limits: ArchiveLimits): AsyncGenerator<ArchiveEntry> {
  const window = new ArchiveWindow(file);
  const { entries, offset } = await readDirectory(file, window, limits);
  let at = 0;
  for (const [index, entry] of entries.entries()) {
    if (entry.offset !== at)
      throw new ArchiveError('archive/form', 'octets between entries, or shared by two');
    const next = entries[index + 1]?.offset ?? offset;
    at += await skipLocalHeader(window, entry, next);
    const packed = await window.within(at, entry.packed, next);
    yield { name: entry.name, octets: unpack(packed, entry) };
    at += entry.packed;
    at += await skipDescriptor(window, entry, at, next);
  }
  if (at !== offset) throw new ArchiveError('archive/form', 'octets before the directory');
}

/** @returns the header's length */
async function skipLocalHeader(window: ArchiveWindow, entry: DirectoryEntry, end: number): Promise<number> {
  const head = await window.within(entry.offset, localOctets, end);
  const nameLength = head.readUInt16LE(26);
  const extraLength = head.readUInt16LE(28);
  const told = { crc: head.readUInt32LE(14), packed: head.readUInt32LE(18), unpacked: head.readUInt32LE(22) };
  // With a descriptor to come, a packer leaves these empty (APPNOTE 4.4.4, bit 3).
  const later =
    (entry.flags & descriptorFlag) !== 0 && told.crc === 0 && told.packed === 0 && told.unpacked === 0;
  const same =
    head.readUInt32LE(0) === localSignature &&
    head.readUInt16LE(6) === entry.flags &&
    head.readUInt16LE(8) === entry.method &&
    (later || (told.crc === entry.crc && told.packed === entry.packed && told.unpacked === entry.unpacked));
  if (!same) throw new ArchiveError('archive/form', 'a local header that differs from the directory');
  const rest = await window.within(entry.offset + localOctets, nameLength + extraLength, end);
  if (!rest.subarray(0, nameLength).equals(entry.nameOctets))
    throw new ArchiveError('archive/form', 'a local header of another name');
  checkExtra(rest.subarray(nameLength));
  return localOctets + nameLength + extraLength;
}

/** A descriptor stands behind the data where the flag says so, with a signature or without (APPNOTE 4.3.9). */
async function skipDescriptor(
  window: ArchiveWindow,
  entry: DirectoryEntry,
  at: number,
  next: number
): Promise<number> {
  if ((entry.flags & descriptorFlag) === 0) return 0;
  const length = next - at;
  if (length !== 12 && length !== 16) throw new ArchiveError('archive/form', 'no descriptor');
  const descriptor = await window.take(at, length);
  const from = length - 12;
  const same =
    (from === 0 || descriptor.readUInt32LE(0) === descriptorSignature) &&
    descriptor.readUInt32LE(from) === entry.crc &&
    descriptor.readUInt32LE(from + 4) === entry.packed &&
    descriptor.readUInt32LE(from + 8) === entry.unpacked;
  if (!same) throw new ArchiveError('archive/form', 'a descriptor that differs from the directory');
  return length;
}

/** Never more than declared, all of the packed octets used, and the checksum right. */
function unpack(packed: Buffer, entry: DirectoryEntry): Uint8Array {
  const octets = entry.method === stored ? Uint8Array.from(packed) : inflate(packed, entry.unpacked);
  if (octets.length !== entry.unpacked)
    throw new ArchiveError('archive/damaged', 'another size than declared');
  if (crc32(octets) !== entry.crc) throw new ArchiveError('archive/damaged', 'another checksum');
  return octets;
}

function inflate(packed: Buffer, size: number): Uint8Array {
  let inflated;
  try {
    inflated = inflateRawSync(packed, { maxOutputLength: Math.max(size, 1), info: true });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new ArchiveError('archive/size', 'more than declared', { cause });
    throw new ArchiveError('archive/damaged', 'cannot be unpacked', { cause });
  }
  // @types/node does not know what `info` changes.
  const { buffer, engine } = inflated as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
  if (engine.bytesWritten !== packed.length)
    throw new ArchiveError('archive/damaged', 'octets behind the packed data');
  return Uint8Array.from(buffer);
}
