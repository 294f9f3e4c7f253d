/**
 * Vectors that are not asked about, by what is believed nowhere here, and how many there are of each: a corpus that
 * grows or shrinks is looked at again.
 */
export const outOfScope: Readonly<Record<string, number>> = {
  'P-192': 270,
  'P-224': 270,
  'P-521': 270,
  'K-163': 270,
  'K-233': 270,
  'K-283': 270,
  'K-409': 270,
  'K-571': 270,
  'B-163': 270,
  'B-233': 270,
  'B-283': 270,
  'B-409': 270,
  'B-571': 270,
  'ECDSA with SHA-1': 180,
  'ECDSA with SHA-224': 90,
  'RSA of 1024 bits': 410,
  'RSA of 1536 bits': 410,
  'RSA with SHA-1': 246,
  'RSA with SHA-224': 246,
  'X9.31': 760
};

/** Vectors that are asked about, by scheme; each of ECDSA in both forms. */
export const inScope = { ECDSA: 270, pkcs1: 396, pss: 342, 'X9.31': 0 } as const;
