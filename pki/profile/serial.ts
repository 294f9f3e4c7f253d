/** Octets of a serial number: what every certificate of the code's test hierarchies has. */
export const serialOctets = 16;

/**
 * A certificate serial number: 16 octets, random but for the first, which is drawn from 01..7F so that the
 * INTEGER is positive and has exactly 16 content octets (RFC 5280 4.1.2.2; SMKI limit of 16). At least 126 bits
 * are random. `random` must be the process's own CSPRNG.
 */
export function newSerial(random: (octets: number) => Uint8Array): Uint8Array {
  for (;;) {
    const serial = Uint8Array.from(random(serialOctets));
    const first = (serial[0] ?? 0) & 0x7f;
    // Zero would make the INTEGER shorter; drawing again keeps the other 127 values equally likely.
    if (first === 0) continue;
    serial[0] = first;
    return serial;
  }
}

/** As many serial numbers, out of one drawing: asking the CSPRNG costs as much as building a certificate does. */
export function newSerials(random: (octets: number) => Uint8Array, count: number): Uint8Array[] {
  const drawn = random(serialOctets * count);
  return Array.from({ length: count }, (_, i) => {
    const serial = Uint8Array.from(drawn.subarray(i * serialOctets, (i + 1) * serialOctets));
    const first = (serial[0] ?? 0) & 0x7f;
    serial[0] = first;
    return first === 0 ? newSerial(random) : serial;
  });
}
