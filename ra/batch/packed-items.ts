/**
 * How the requests of an upload lie in a chunk: identifier with its length (16 bits) in front, form, octets with their
 * length in front. Nothing but the upload decides these octets, so that a seal over them is a seal over it.
 */

/** `der`: decoded; `portal`: the text of a file in one of the portal's forms (SEC Appendix M, Appendix F). */
export const itemForms = ['der', 'portal'] as const;
export type ItemForm = (typeof itemForms)[number];

export interface PackedItem {
  readonly id: string;
  readonly form: ItemForm;
  readonly octets: Uint8Array;
}

/** DESIGN: a request of 4 KiB is 5.6 KiB as Base64 with line ends and boundaries. */
export const maxItemOctets = 16_384;
/** 100 characters of at most 4 octets, and some room for names of files. */
const maxIdOctets = 1_024;

/** Stored content that cannot be read. */
export class PackingError extends Error {
  readonly code = 'batch/packing';
  constructor(what: string) {
    super(`stored batch: ${what}`);
    this.name = 'PackingError';
  }
}

/** Octets that an item takes at most, given its identifier's. */
export function packedLength(id: Uint8Array, octets: Uint8Array): number {
  return 2 + id.length + 1 + 2 + octets.length;
}

/** Writes an item; answers where the next one begins. The caller has made room. */
export function packItem(
  target: Buffer,
  start: number,
  id: Uint8Array,
  form: ItemForm,
  octets: Uint8Array
): number {
  if (id.length > maxIdOctets) throw new RangeError(`an identifier of ${id.length} octets`);
  if (octets.length > maxItemOctets) throw new RangeError(`a request of ${octets.length} octets`);
  let at = target.writeUInt16BE(id.length, start);
  target.set(id, at);
  at = target.writeUInt8(itemForms.indexOf(form), at + id.length);
  at = target.writeUInt16BE(octets.length, at);
  target.set(octets, at);
  return at + octets.length;
}

/** The items of a chunk; octets are views of it. Throws `PackingError` unless it is whole. */
export function unpackItems(chunk: Buffer): PackedItem[] {
  const items: PackedItem[] = [];
  let at = 0;
  const take = (length: number): number => {
    const start = at;
    at += length;
    if (at > chunk.length) throw new PackingError('a chunk that is cut short');
    return start;
  };
  while (at < chunk.length) {
    const idLength = chunk.readUInt16BE(take(2));
    const idAt = take(idLength);
    const form = itemForms[chunk.readUInt8(take(1))];
    if (form === undefined) throw new PackingError('an unknown form');
    const length = chunk.readUInt16BE(take(2));
    const octetsAt = take(length);
    items.push({
      id: chunk.toString('utf8', idAt, idAt + idLength),
      form,
      octets: chunk.subarray(octetsAt, octetsAt + length)
    });
  }
  return items;
}
