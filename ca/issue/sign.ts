/**
 * Step 7: the whole linted bytes and their permits go to the signer, once. Whatever comes back is sorted into
 * three: a signature to be checked, certainly none, or nobody knows.
 */
import {
  HsmError,
  type HsmErrorCode,
  type SignOutcome,
  type SignRequest,
  type Signer
} from '../../hsm/index.js';

export type SignatureResult =
  | { readonly kind: 'signature'; readonly signature: Uint8Array }
  /** The token certainly returned none: the item may be tried again. */
  | { readonly kind: 'none'; readonly code: HsmErrorCode }
  /** A signature may exist: the serial is given up. */
  | { readonly kind: 'unknown'; readonly cause: Error };

export async function signGroup(
  signer: Signer,
  requests: readonly SignRequest[]
): Promise<SignatureResult[]> {
  let outcomes: SignOutcome[];
  try {
    outcomes = await signer.signMany(requests);
  } catch (error) {
    const failure = sortFailure(
      error instanceof Error ? error : new Error('signing failed', { cause: error })
    );
    return requests.map(() => failure);
  }
  return requests.map((_, index) => {
    const outcome = outcomes[index];
    if (outcome === undefined)
      return { kind: 'unknown', cause: new Error('the signer left a request unanswered') };
    return outcome.ok ? { kind: 'signature', signature: outcome.signature } : sortFailure(outcome.error);
  });
}

/** Only an `HsmError` other than outcome-unknown promises that nothing was signed. */
function sortFailure(error: Error): SignatureResult {
  if (error instanceof HsmError && error.code !== 'hsm/outcome-unknown')
    return { kind: 'none', code: error.code };
  return { kind: 'unknown', cause: error };
}
