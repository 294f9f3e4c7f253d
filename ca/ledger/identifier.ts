/** 16-octet identifiers (orders, requests, serials) stand as `uuid` in the database: half the size of text. */

/** The canonical uuid text of 16 octets. */
export function uuidOf(octets: Uint8Array): string {
  if (octets.length !== 16) throw new RangeError(`${octets.length} octets where 16 belong`);
  const hex = Buffer.from(octets.buffer, octets.byteOffset, 16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** 16 octets as the database also takes a uuid: without the hyphens, for what is never compared with rows read. */
export function hexOf(octets: Uint8Array): string {
  if (octets.length !== 16) throw new RangeError(`${octets.length} octets where 16 belong`);
  return Buffer.from(octets.buffer, octets.byteOffset, 16).toString('hex');
}

/** A serial number as operators and relying parties write it: 32 upper-case hexadecimal digits. */
export function serialHexOf(uuid: string): string {
  return (uuid.length === 32 ? uuid : uuid.replaceAll('-', '')).toUpperCase();
}
