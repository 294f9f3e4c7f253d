/**
 * Serial numbers as the tables hold them: 16 octets in a `uuid`, so that look-ups compare numbers and neither
 * letter case nor leading zeros matter.
 */
const serialOctets = 16;

/** Up to 16 octets of a non-negative number, or undefined when the number does not fit (none of ours is longer). */
export function serialToUuid(octets: Uint8Array): string | undefined {
  let first = 0;
  while (first < octets.length && octets[first] === 0) first += 1;
  const length = octets.length - first;
  if (length > serialOctets) return undefined;
  const digits = Buffer.from(octets.buffer, octets.byteOffset + first, length).toString('hex');
  return digits.padStart(serialOctets * 2, '0');
}

/**
 * What clients send as a serial number: hexadecimal of either case, leading zeros lost or added. Undefined where
 * it is no such number, is zero, or is more than 16 octets long.
 */
export function parseSerial(text: string): string | undefined {
  // RFC 5280 4.1.2.2 bounds a serial number to 20 octets; what is longer is no serial number at all.
  if (!/^[0-9A-Fa-f]{1,40}$/.test(text)) return undefined;
  const digits = text.toLowerCase().replace(/^0+/, '');
  if (digits.length === 0 || digits.length > serialOctets * 2) return undefined;
  return digits.padStart(serialOctets * 2, '0');
}

/** Upper-case hexadecimal of whole octets, as clients print and compare it. */
export function formatSerial(uuid: string): string {
  const digits = uuid.replaceAll('-', '').toUpperCase();
  return digits.replace(/^(?:00)+(?=..)/, '');
}

/** The serial number of a row as octets without leading zeros. */
export function sameSerial(uuid: string, octets: Uint8Array): boolean {
  return serialToUuid(octets) === uuid.replaceAll('-', '').toLowerCase();
}
