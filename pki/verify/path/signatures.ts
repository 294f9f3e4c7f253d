import { sameOctets } from '../../der/octets.js';
import type { AlgorithmIdentifier, SubjectPublicKey } from '../../x509/index.js';
import { isSigned } from '../signature/signed.js';
import type { Budget } from './budget.js';

/** Something signed: a certificate, a revocation list, a response. */
export interface SignedObject {
  /** The octets that are signed. */
  readonly tbs: Uint8Array;
  /** The algorithm inside `tbs`; undefined where the structure has none. */
  readonly tbsSignatureAlgorithm: AlgorithmIdentifier | undefined;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
}

/**
 * Verified signatures of one call. Each pair of object and key costs one of the budget and is computed once: the
 * same edge is met again on every path that leads over it.
 */
export class Signatures {
  readonly #budget: Budget;
  /** By identity of the object: everything is read once per call. Keys are few, and compare by octets. */
  readonly #known = new WeakMap<SignedObject, { spki: Uint8Array; answer: boolean | 'unsupported' }[]>();

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /**
   * Whether `object` is signed by `key`; `unsupported` for an algorithm that is not believed. Throws `BudgetSpent`.
   */
  verify(object: SignedObject, key: SubjectPublicKey): boolean | 'unsupported' {
    let answers = this.#known.get(object);
    if (answers === undefined) this.#known.set(object, (answers = []));
    const known = answers.find(({ spki }) => sameOctets(spki, key.spki));
    if (known !== undefined) return known.answer;
    this.#budget.spend('signatures');
    const answer = isSigned(
      object.tbs,
      object.signatureAlgorithm,
      object.tbsSignatureAlgorithm,
      object.signature,
      key
    );
    answers.push({ spki: key.spki, answer });
    return answer;
  }
}
