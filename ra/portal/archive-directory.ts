import { ArchiveError } from './archive-error.js';
import {
  centralOctets,
  centralSignature,
  deflated,
  descriptorFlag,
  effortFlags,
  encryptedFlag,
  endOctets,
  endSignature,
  stored,
  utf8Flag
} from './archive-form.js';
import { RequestNames } from './archive-name.js';
import type { ArchiveFile, ArchiveWindow } from './archive-window.js';

/** How far an archive may go; every limit is the caller's. */
export interface ArchiveLimits {
  readonly maxEntries: number;
  /** Of one entry, unpacked. */
  readonly maxEntryOctets: number;
  /** Of all entries, unpacked. */
  readonly maxTotalOctets: number;
  /** Unpacked octets for each packed one. */
  readonly maxRatio: number;
}

/** An entry as the central directory has it. */
export interface DirectoryEntry {
  readonly name: string;
  readonly nameOctets: Uint8Array;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly unpacked: number;
  /** Of the local header. */
  readonly offset: number;
}

export interface Directory {
  /** By offset: the order in which the packer wrote them. */
  readonly entries: readonly DirectoryEntry[];
  /** Where the directory begins and the entries end. */
  readonly offset: number;
}

/**
 * Extra fields (APPNOTE 4.5, 4.6.9) by which an entry is something else than its header says: ZIP64 sizes, strong and
 * AES encryption, another name.
 */
const refusedExtra: ReadonlySet<number> = new Set([0x0001, 0x0017, 0x9901, 0x7075]);

/** Deflate of what does not shrink adds 5 octets for each block of 64 KiB (RFC 1951 3.2.4); packers add little more. */
const maxOverhead = 64;

/**
 * Reads and checks the whole directory before any entry is unpacked. The end record is the last 22 octets and nothing
 * else: a comment could hold a second one, and two readers would see two archives.
 */
export async function readDirectory(
  file: ArchiveFile,
  window: ArchiveWindow,
  limits: ArchiveLimits
): Promise<Directory> {
  if (file.size < endOctets) throw new ArchiveError('archive/form', 'no end record');
  const end = await window.take(file.size - endOctets, endOctets);
  if (end.readUInt32LE(0) !== endSignature || end.readUInt16LE(20) !== 0)
    throw new ArchiveError('archive/form', 'the last octets are not an end record without comment');
  const count = end.readUInt16LE(10);
  const size = end.readUInt32LE(12);
  const offset = end.readUInt32LE(16);
  if (end.readUInt16LE(4) !== 0 || end.readUInt16LE(6) !== 0 || end.readUInt16LE(8) !== count)
    throw new ArchiveError('archive/form', 'more than one disk');
  if (count === 0xffff || size === 0xffffffff || offset === 0xffffffff)
    throw new ArchiveError('archive/form', 'ZIP64');
  if (offset + size !== file.size - endOctets)
    throw new ArchiveError('archive/form', 'the directory does not reach to the end record');
  if (count > limits.maxEntries) throw new ArchiveError('archive/count', `${count} entries`);
  if (count === 0) throw new ArchiveError('archive/form', 'no entry');

  const names = new RequestNames();
  const entries: DirectoryEntry[] = [];
  let total = 0;
  let at = offset;
  for (let number = 0; number < count; number++) {
    const head = await window.within(at, centralOctets, file.size - endOctets);
    const lengths = {
      name: head.readUInt16LE(28),
      extra: head.readUInt16LE(30),
      comment: head.readUInt16LE(32)
    };
    const entry = readHead(head, limits);
    if (lengths.comment !== 0) throw new ArchiveError('archive/form', 'an entry with a comment');
    at += centralOctets;
    const rest = await window.within(at, lengths.name + lengths.extra, file.size - endOctets);
    checkExtra(rest.subarray(lengths.name));
    const nameOctets = new Uint8Array(rest.subarray(0, lengths.name));
    entries.push({ ...entry, nameOctets, name: names.take(nameOctets, (entry.flags & utf8Flag) !== 0) });
    total += entry.unpacked;
    if (total > limits.maxTotalOctets) throw new ArchiveError('archive/size', 'too much together');
    at += rest.length;
  }
  if (at !== offset + size) throw new ArchiveError('archive/form', 'octets behind the directory');
  return { entries: entries.sort((a, b) => a.offset - b.offset), offset };
}

function readHead(head: Buffer, limits: ArchiveLimits): Omit<DirectoryEntry, 'name' | 'nameOctets'> {
  if (head.readUInt32LE(0) !== centralSignature)
    throw new ArchiveError('archive/form', 'not a directory record');
  const flags = head.readUInt16LE(8);
  const method = head.readUInt16LE(10);
  const packed = head.readUInt32LE(20);
  const unpacked = head.readUInt32LE(24);
  const offset = head.readUInt32LE(42);
  checkMethod(flags, method);
  if (head.readUInt16LE(34) !== 0) throw new ArchiveError('archive/form', 'more than one disk');
  if (packed === 0xffffffff || unpacked === 0xffffffff || offset === 0xffffffff)
    throw new ArchiveError('archive/form', 'ZIP64');
  if (unpacked > limits.maxEntryOctets) throw new ArchiveError('archive/size', `${unpacked} octets declared`);
  if (unpacked > packed * limits.maxRatio)
    throw new ArchiveError('archive/size', `${unpacked} octets out of ${packed}`);
  if (packed > unpacked + maxOverhead) throw new ArchiveError('archive/size', 'more packed than unpacked');
  if (method === stored && packed !== unpacked)
    throw new ArchiveError('archive/damaged', 'a stored entry of two sizes');
  return { flags, method, packed, unpacked, offset, crc: head.readUInt32LE(16) };
}

function checkMethod(flags: number, method: number): void {
  if ((flags & encryptedFlag) !== 0) throw new ArchiveError('archive/method', 'encrypted');
  if (method !== stored && method !== deflated)
    throw new ArchiveError('archive/method', `packed by method ${method}`);
  if ((flags & ~(descriptorFlag | utf8Flag | effortFlags)) !== 0)
    throw new ArchiveError('archive/method', `flags ${flags.toString(16)}`);
}

/** Extra fields fill their place exactly. What they say of times and owners is not looked at. */
export function checkExtra(extra: Buffer): void {
  let at = 0;
  while (at < extra.length) {
    if (at + 4 > extra.length) throw new ArchiveError('archive/form', 'an extra field that is cut off');
    const id = extra.readUInt16LE(at);
    if (refusedExtra.has(id))
      throw new ArchiveError('archive/form', `an extra field ${id.toString(16).padStart(4, '0')}`);
    at += 4 + extra.readUInt16LE(at + 2);
  }
  if (at !== extra.length) throw new ArchiveError('archive/form', 'an extra field that is cut off');
}
