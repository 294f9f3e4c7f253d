/**
 * Keys. This folder signs what it is told with keys it holds and knows nothing of certificates. It trusts the
 * token and the descriptor it was started with; it trusts no bytes: every signature needs a permit minted by the
 * stage that checked them.
 *
 * Others may use what this file lists: the signer contract, its errors, permits, and the client that starts and
 * supervises signer processes. `hsm/pkcs11` is loaded by the signer process alone, `hsm/software` by tests.
 */
export type {
  KeyAlgorithm,
  KeyGenerator,
  KeyLabel,
  KeyPurpose,
  Lane,
  Permit,
  Pkcs11Signer,
  PublicKey,
  SignOutcome,
  SignRequest,
  Signer,
  SignerHealth
} from './signer.js';
export { HsmError, type HsmErrorCode } from './errors.js';
export { mintPermit, permitSecretOctets } from './permit.js';
export { startPkcs11KeyGenerator, startPkcs11Signer, type Pkcs11SignerOptions } from './client.js';
