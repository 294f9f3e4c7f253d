/** What a hostile hand does to octets without knowing what they mean. */
import fc from 'fast-check';
import { concat } from '../../../kit/ber.js';

export interface OctetMutation {
  readonly kind: 'set' | 'insert' | 'remove' | 'repeat' | 'cut' | 'append' | 'flip';
  /** Taken modulo the length. */
  readonly at: number;
  readonly length: number;
  readonly octets: Uint8Array;
}

/** Identifier and length octets, and the ends of ranges. */
export const tellingOctets = [
  0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x30, 0x31, 0x7f, 0x80, 0x81,
  0x82, 0x84, 0x86, 0x88, 0xa0, 0xa1, 0xa3, 0xfe, 0xff
] as const;

export const octetMutation: fc.Arbitrary<OctetMutation> = fc.record({
  kind: fc.constantFrom('set', 'set', 'flip', 'insert', 'remove', 'repeat', 'cut', 'append'),
  at: fc.nat(),
  length: fc.integer({ min: 1, max: 12 }),
  octets: fc
    .array(fc.oneof(fc.constantFrom(...tellingOctets), fc.nat(255)), { minLength: 1, maxLength: 4 })
    .map(list => Uint8Array.from(list))
});

export function mutateOctets(octets: Uint8Array, mutation: OctetMutation): Uint8Array {
  const position = mutation.at % (octets.length + 1);
  const [head, tail] = [octets.subarray(0, position), octets.subarray(position)];
  switch (mutation.kind) {
    case 'set':
      return concat(head, mutation.octets, tail.subarray(mutation.octets.length));
    case 'flip': {
      const copy = Uint8Array.from(octets);
      if (position < copy.length) copy[position] = (copy[position] as number) ^ (1 << (mutation.length % 8));
      return copy;
    }
    case 'insert':
      return concat(head, mutation.octets, tail);
    case 'remove':
      return concat(head, tail.subarray(mutation.length));
    case 'repeat':
      return concat(head, tail.subarray(0, mutation.length), tail);
    case 'cut':
      return head;
    case 'append':
      return concat(octets, mutation.octets);
  }
}
