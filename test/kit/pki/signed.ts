/** `SEQUENCE { signed, algorithm, signature }`, right or damaged on purpose. */
import { bitString, sequence } from '../../../pki/der/index.js';
import { algorithmDer, signWith, usualAlgorithm, type SigningAlgorithm } from './algorithms.js';
import type { PkiKey } from './keys.js';

export interface SigningInput {
  /** Signs; need not be the key that the issuer's certificate holds. */
  readonly signer: PkiKey;
  /** Default: the usual one of the signer's kind. */
  readonly algorithm?: SigningAlgorithm | undefined;
  /** AlgorithmIdentifier octets inside what is signed; default: the algorithm's own. */
  readonly innerAlgorithm?: Uint8Array | undefined;
  /** AlgorithmIdentifier octets outside; default: the algorithm's own. */
  readonly outerAlgorithm?: Uint8Array | undefined;
  /** `broken` flips a bit in the middle of the value; octets replace it; a function gets the right one. */
  readonly signature?: 'broken' | Uint8Array | ((right: Uint8Array) => Uint8Array) | undefined;
}

export function innerAlgorithmOf(input: SigningInput): Uint8Array {
  return input.innerAlgorithm ?? algorithmDer(input.algorithm ?? usualAlgorithm[input.signer.kind]);
}

/** The outer algorithm and signatureValue over `signed`: what follows it in every signed structure. */
export function signatureParts(signed: Uint8Array, input: SigningInput): [Uint8Array, Uint8Array] {
  const algorithm = input.algorithm ?? usualAlgorithm[input.signer.kind];
  return [
    input.outerAlgorithm ?? algorithmDer(algorithm),
    bitString(signatureValue(signed, algorithm, input))
  ];
}

export function assemble(signed: Uint8Array, input: SigningInput): Uint8Array {
  return sequence(signed, ...signatureParts(signed, input));
}

function signatureValue(
  signed: Uint8Array,
  algorithm: SigningAlgorithm,
  { signer, signature }: SigningInput
): Uint8Array {
  if (signature instanceof Uint8Array) return signature;
  const right = signWith(signer, algorithm, signed);
  if (signature === undefined) return right;
  if (signature !== 'broken') return signature(right);
  const broken = Uint8Array.from(right);
  // The middle of an ECDSA-Sig-Value may be a length; a third of the way is inside r.
  const at = Math.floor(broken.length / 3);
  broken[at] = (broken[at] as number) ^ 0x01;
  return broken;
}
