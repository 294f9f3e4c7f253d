import { randomBytes } from 'node:crypto';
import { mintPermit, permitSecretOctets, startPkcs11Signer, type KeyPurpose } from '../../hsm/index.js';
import { signerProcess } from '../../ops/process/signer.js';
import type { TestSystem } from '../kit/system.js';

export type SignWithToken = (purpose: KeyPurpose, data: Uint8Array) => Promise<Uint8Array>;

/**
 * What somebody can do who holds the issuing token and its PIN: signs with a key of the IKI, past the CA and its
 * ledger. For certificates and lists that the CA of this system would not make.
 */
export async function withIssuingIkiKey<T>(
  { system }: TestSystem,
  use: (sign: SignWithToken) => Promise<T>
): Promise<T> {
  const { module, softhsmConf, tokens } = system.tokens;
  const permitSecret = randomBytes(permitSecretOctets);
  const signer = await startPkcs11Signer({
    ...signerProcess(softhsmConf),
    ...{ module, permitSecret, whenTokenAway: 'refuse' },
    tokenLabel: tokens.issuing.label,
    pinFile: tokens.issuing.pinFile,
    latchFile: tokens.issuing.latchFile
  });
  const key = system.hierarchy.keyLabels['issuing-ica'];
  try {
    return await use((purpose, data) =>
      signer.sign({
        ...{ key, purpose, data },
        permit: mintPermit(permitSecret, key, purpose, data, randomBytes(16))
      })
    );
  } finally {
    await signer.close();
  }
}
