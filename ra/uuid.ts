/** The 16 octets of a UUID's text form, as messages carry them. */
export function uuidToOctets(uuid: string): Uint8Array {
  const octets = Buffer.from(uuid.replaceAll('-', ''), 'hex');
  if (octets.length !== 16) throw new RangeError('not a UUID');
  return new Uint8Array(octets);
}

/** Lower-case text of 16 octets, as PostgreSQL writes a uuid. Any 16 octets do; no version is asked for. */
export function octetsToUuid(octets: Uint8Array): string {
  if (octets.length < 16) throw new RangeError('fewer than 16 octets');
  const view = Buffer.from(octets.buffer, octets.byteOffset, 16);
  const hex = view.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
