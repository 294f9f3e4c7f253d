/** Signers on a test's own SoftHSM, started as production starts them: a process, a descriptor, files for PINs. */
import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import {
  mintPermit,
  permitSecretOctets,
  type Pkcs11SignerOptions,
  type PublicKey,
  type SignRequest
} from '../../hsm/index.js';
import type { SoftHsm, SoftHsmToken } from './softhsm.js';

/** The signer's entry from source. */
export const signerCommand: readonly string[] = [
  process.execPath,
  '--import',
  import.meta.resolve('tsx'),
  fileURLToPath(new URL('../../ops/signer/main.ts', import.meta.url))
];

/** Options for `startPkcs11Signer` on that token; deadlines long enough for a busy machine. */
export function signerOptions(
  softHsm: SoftHsm,
  token: SoftHsmToken,
  more: Partial<Pkcs11SignerOptions> = {}
): Pkcs11SignerOptions {
  return {
    command: signerCommand,
    env: softHsm.env,
    module: softHsm.module,
    tokenLabel: token.label,
    pinFile: token.pinFile,
    latchFile: token.latchFile,
    permitSecret: randomBytes(permitSecretOctets),
    whenTokenAway: 'refuse',
    ...more
  };
}

/** A request with a permit of its own, over random bytes unless they are given. */
export function signRequest(
  permitSecret: Uint8Array,
  key: string,
  more: Partial<Omit<SignRequest, 'key' | 'permit'>> = {}
): SignRequest {
  const { purpose = 'certificate', data = randomBytes(300) } = more;
  return {
    ...more,
    key,
    purpose,
    data,
    permit: mintPermit(permitSecret, key, purpose, data, randomBytes(16))
  };
}

/** Whether the signature is the key's over the data, by Node's own cryptography. */
export function signatureIsGood(key: PublicKey, data: Uint8Array, signature: Uint8Array): boolean {
  const publicKey = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' });
  const ec = key.algorithm === 'P-256';
  return verify('sha256', data, ec ? { key: publicKey, dsaEncoding: 'ieee-p1363' } : publicKey, signature);
}
