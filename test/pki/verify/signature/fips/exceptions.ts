/**
 * Vectors whose answer here differs, by file, each with its reason. Only refusals of good signatures may stand here:
 * there is no way to write down that a bad one is believed. An entry that no longer holds fails.
 */
export interface FipsException {
  /** How many good signatures of the file are refused. */
  readonly refused: number;
  /** The length of the salt that makes them good for who allows it. */
  readonly salt: number;
  readonly reason: string;
}

export const exceptions: Readonly<Record<string, FipsException>> = {
  'FIPS_186-2/SigGenPSS_186-2.rsp': {
    refused: 90,
    salt: 20,
    reason:
      'a salt of 20 octets: one as long as the hash is the only one believed (DESIGN, as RFC 8446 4.2.3)'
  },
  'FIPS_186-2/SigGenPSS_186-3.rsp': {
    refused: 90,
    salt: 0,
    reason: 'no salt: one as long as the hash is the only one believed (DESIGN, as RFC 8446 4.2.3)'
  },
  'FIPS_186-2/SigVerPSS_186-3.rsp': {
    refused: 27,
    salt: 10,
    reason:
      'a salt of 10 octets: one as long as the hash is the only one believed (DESIGN, as RFC 8446 4.2.3)'
  }
};
