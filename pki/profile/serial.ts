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
