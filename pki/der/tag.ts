/** Identifier octets (X.690 8.1.2) of the types X.509 uses; the constructed bit is part of the octet. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31
} as const;

/** Identifier octet of `[n]` in primitive form: an IMPLICIT tag on a primitive type. */
export function contextPrimitive(n: number): number {
  return 0x80 | n;
}

/** Identifier octet of `[n]` in constructed form: EXPLICIT, or IMPLICIT on a constructed type. */
export function contextConstructed(n: number): number {
  return 0xa0 | n;
}
