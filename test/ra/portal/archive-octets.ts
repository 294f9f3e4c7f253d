import { crc32, deflateRawSync } from 'node:zlib';

/** One entry of an archive made octet by octet; every field may be made to lie. */
export interface Entry {
  readonly name: string | Uint8Array;
  readonly content: Uint8Array | string;
  readonly method?: number;
  /** In both headers. */
  readonly flags?: number;
  /** Packed octets instead of the real ones. */
  readonly packed?: Uint8Array;
  /** Fields of the local header and of the directory that differ from the truth. */
  readonly local?: Fields;
  readonly central?: Fields;
  /** A descriptor behind the data: with its signature or without. */
  readonly descriptor?: 'signed' | 'bare';
  readonly descriptorFields?: Fields;
  readonly localExtra?: Uint8Array;
  readonly centralExtra?: Uint8Array;
  readonly comment?: Uint8Array;
  /** Octets between this entry and what follows. */
  readonly behind?: Uint8Array;
}

export interface Fields {
  readonly flags?: number;
  readonly method?: number;
  readonly crc?: number;
  readonly packed?: number;
  readonly unpacked?: number;
  readonly name?: string;
  readonly offset?: number;
  readonly disk?: number;
  readonly signature?: number;
}

export interface Shape {
  readonly before?: Uint8Array;
  readonly behind?: Uint8Array;
  readonly comment?: Uint8Array;
  /** Octets between the directory and the end record. */
  readonly beforeEnd?: Uint8Array;
  readonly end?: {
    readonly disk?: number;
    readonly entriesHere?: number;
    readonly entries?: number;
    readonly size?: number;
    readonly offset?: number;
  };
}

const none = new Uint8Array();
const u16 = (value: number): Buffer => {
  const octets = Buffer.alloc(2);
  octets.writeUInt16LE(value & 0xffff);
  return octets;
};
const u32 = (value: number): Buffer => {
  const octets = Buffer.alloc(4);
  octets.writeUInt32LE(value >>> 0);
  return octets;
};

/** A ZIP file; without lies, one that every reader takes. */
export function archiveOf(entries: readonly Entry[], shape: Shape = {}): Buffer {
  const parts: Uint8Array[] = [shape.before ?? none];
  const directory: Buffer[] = [];
  let offset = (shape.before ?? none).length;
  const put = (...octets: Uint8Array[]): void => {
    parts.push(...octets);
    offset += octets.reduce((sum, { length }) => sum + length, 0);
  };
  for (const entry of entries) {
    const content = Buffer.from(entry.content as Uint8Array);
    const method = entry.method ?? 0;
    const packed = Buffer.from(entry.packed ?? (method === 8 ? deflateRawSync(content) : content));
    const name = Buffer.from(entry.name as Uint8Array);
    const flags = (entry.flags ?? 0) | (entry.descriptor === undefined ? 0 : 8);
    const truth = {
      flags,
      method,
      crc: crc32(content),
      packed: packed.length,
      unpacked: content.length,
      disk: 0,
      offset
    };
    const later = entry.descriptor === undefined ? {} : { crc: 0, packed: 0, unpacked: 0 };
    const local = { ...truth, ...later, ...entry.local };
    const central = { ...truth, ...entry.central };
    const localName = entry.local?.name === undefined ? name : Buffer.from(entry.local.name);
    const localExtra = entry.localExtra ?? none;
    const centralExtra = entry.centralExtra ?? none;
    const comment = entry.comment ?? none;
    put(
      ...[u32(entry.local?.signature ?? 0x04034b50), u16(20), u16(local.flags), u16(local.method), u32(0)],
      ...[u32(local.crc), u32(local.packed), u32(local.unpacked), u16(localName.length)],
      ...[u16(localExtra.length), localName, localExtra, packed]
    );
    if (entry.descriptor !== undefined) {
      const told = { ...truth, ...entry.descriptorFields };
      if (entry.descriptor === 'signed') put(u32(0x08074b50));
      put(u32(told.crc), u32(told.packed), u32(told.unpacked));
    }
    put(entry.behind ?? none);
    directory.push(
      Buffer.concat([
        ...[u32(entry.central?.signature ?? 0x02014b50), u16(20), u16(20), u16(central.flags)],
        ...[u16(central.method), u32(0), u32(central.crc), u32(central.packed), u32(central.unpacked)],
        ...[u16(name.length), u16(centralExtra.length), u16(comment.length), u16(central.disk), u16(0)],
        ...[u32(0), u32(central.offset), name, centralExtra, comment]
      ])
    );
  }
  const records = Buffer.concat(directory);
  const end = {
    ...{ disk: 0, entriesHere: entries.length, entries: entries.length, size: records.length, offset },
    ...shape.end
  };
  const comment = shape.comment ?? none;
  return Buffer.concat([
    ...[...parts, records, shape.beforeEnd ?? none, u32(0x06054b50), u16(end.disk), u16(end.disk)],
    ...[u16(end.entriesHere), u16(end.entries), u32(end.size), u32(end.offset), u16(comment.length), comment],
    shape.behind ?? none
  ]);
}

/** An extra field: id, length, data. */
export function extraOf(id: number, data: Uint8Array = none): Buffer {
  return Buffer.concat([u16(id), u16(data.length), data]);
}
