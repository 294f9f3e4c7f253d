/**
 * Statements: signed bytes that are not X.509 (orders and receipts now; checkpoints and manifests later).
 * Every statement begins with a text prefix that no DER can begin with ('O' is 0x4F, no SEQUENCE), so that a
 * statement key can never be made to sign a certificate and a CA key never a statement.
 */
export const statementPrefixes = {
  // v2: profile per item. Orders of v1 are kept as evidence and never read as v2.
  order: 'OpenSMKI order v2\n',
  receipt: 'OpenSMKI receipt v1\n'
} as const;

export type StatementType = keyof typeof statementPrefixes;

/** Signs statements with a key of its own in a token of its own (P-256, ECDSA with SHA-256). */
export interface StatementSigner {
  /** SHA-256 of the key's SubjectPublicKeyInfo, 32 octets: how a verifier names the key. */
  readonly keyId: Uint8Array;
  /** DER SubjectPublicKeyInfo of the key. */
  readonly spki: Uint8Array;
  /**
   * Signs the whole statement; answers raw r‖s, 64 octets, already verified under `spki`.
   * Throws an `HsmError` when the token cannot; throws `statement/prefix` for bytes without a known prefix.
   */
  sign(statement: Uint8Array): Promise<Uint8Array>;
}

export function hasStatementPrefix(statement: Uint8Array, type: StatementType): boolean {
  const prefix = Buffer.from(statementPrefixes[type], 'latin1');
  return statement.length > prefix.length && prefix.equals(statement.subarray(0, prefix.length));
}
