import type { DerReader } from '../der/index.js';
import { type DerValue, nullValue, oid, sequence, tags } from '../der/index.js';
import { oids } from './oids.js';

/** An AlgorithmIdentifier as read. */
export interface AlgorithmIdentifier {
  readonly oid: string;
  /** The parameters' encoding; undefined when absent, which is not the same as NULL. */
  readonly parameters: Uint8Array | undefined;
  /** The whole SEQUENCE as received. */
  readonly der: Uint8Array;
}

/** The signature algorithms made here. ECDSA identifiers have no parameters (RFC 5758 3.2), RSA ones NULL (RFC 4055 5). */
export type SignatureAlgorithm = 'ecdsa-with-SHA256' | 'sha256WithRSAEncryption';

export const signatureAlgorithmDer: Readonly<Record<SignatureAlgorithm, Uint8Array>> = {
  'ecdsa-with-SHA256': sequence(oid(oids.ecdsaWithSha256)),
  sha256WithRSAEncryption: sequence(oid(oids.sha256WithRsaEncryption), nullValue())
};

export function readAlgorithm(reader: DerReader, what: string): AlgorithmIdentifier {
  const value = reader.read(tags.sequence, what);
  return algorithmFromValue(reader, value, what);
}

function algorithmFromValue(reader: DerReader, value: DerValue, what: string): AlgorithmIdentifier {
  const inner = reader.inside(value, what);
  const identifier = inner.oid(`${what} identifier`);
  const parameters = inner.done ? undefined : inner.opaque(`${what} parameters`).der;
  inner.end(what);
  return { oid: identifier, parameters, der: value.der };
}

/** Which of the algorithms made here an identifier names, exactly as its standard writes it; undefined for others. */
export function signatureAlgorithmOf(algorithm: AlgorithmIdentifier): SignatureAlgorithm | undefined {
  if (algorithm.oid === oids.ecdsaWithSha256 && algorithm.parameters === undefined)
    return 'ecdsa-with-SHA256';
  if (
    algorithm.oid === oids.sha256WithRsaEncryption &&
    algorithm.parameters?.length === 2 &&
    algorithm.parameters[0] === tags.null
  )
    return 'sha256WithRSAEncryption';
  return undefined;
}
