import fc from 'fast-check';

/** A change of some octets that keeps the length: what a reader by shape must tell from the shape's own places. */
export interface OctetChange {
  /** Taken modulo the length of what is changed. */
  readonly at: number;
  readonly becomes: number;
}

const interesting = fc.constantFrom(
  0x00,
  0x01,
  0x02,
  0x04,
  0x05,
  0x06,
  0x30,
  0x31,
  0x39,
  0x7f,
  0x80,
  0x81,
  0xa0,
  0xff
);

export const octetChanges: fc.Arbitrary<readonly OctetChange[]> = fc.array(
  fc.record({ at: fc.nat(), becomes: fc.oneof(interesting, fc.nat(255)) }),
  { maxLength: 3 }
);

export function changed(octets: Uint8Array, changes: readonly OctetChange[]): Uint8Array {
  const copy = Uint8Array.from(octets);
  for (const { at, becomes } of changes) copy[at % copy.length] = becomes;
  return copy;
}

/** What a function answers or throws, to compare two of them by. */
export function outcomeOf<T>(run: () => T): { readonly answer: T } | { readonly thrown: string } {
  try {
    return { answer: run() };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { thrown: `${error.name} ${error.message}` };
  }
}
