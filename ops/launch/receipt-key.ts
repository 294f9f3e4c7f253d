import { createHash, randomBytes } from 'node:crypto';
import { HsmError, permitSecretOctets, startPkcs11KeyGenerator } from '../../hsm/index.js';
import { encodePem } from '../../pki/index.js';
import type { Environment } from '../../pki/messages/index.js';
import { signerProcess } from '../process/signer.js';
import { writePrivateFile, type DataDirectory } from './data-directory.js';
import type { TokenSet } from './tokens.js';

/** The validation service's key: its label on the token `LABEL-validation`, and its public part. */
export interface ReceiptKey {
  readonly label: string;
  /** PEM `PUBLIC KEY`: with it receipts are checked. */
  readonly file: string;
  /** SHA-256 of the SubjectPublicKeyInfo, hexadecimal. */
  readonly keyId: string;
  /** Signs health checks and nothing else. */
  readonly healthKeyLabel: string;
}

/**
 * Sees to it that the token of the validation service has its keys. A token of its own: whoever opens it signs
 * receipts and can sign no order. Idempotent; a key that is there is kept, since receipts outlive processes.
 */
export async function prepareReceiptKey(options: {
  readonly data: DataDirectory;
  readonly tokens: TokenSet;
  readonly environment: Environment;
}): Promise<ReceiptKey> {
  const { data, tokens, environment } = options;
  const { label: tokenLabel, pinFile, latchFile } = tokens.tokens.validation;
  const label = `${environment}-statement-validation-1`;
  const healthKeyLabel = `${environment}-health-1`;
  const signer = await startPkcs11KeyGenerator({
    ...signerProcess(tokens.softhsmConf),
    module: tokens.module,
    ...{ tokenLabel, pinFile, latchFile },
    permitSecret: randomBytes(permitSecretOctets),
    whenTokenAway: 'refuse'
  });
  const keyOf = async (wanted: string) => {
    try {
      return await signer.publicKey(wanted);
    } catch (error) {
      if (!(error instanceof HsmError) || error.code !== 'hsm/key-not-found') throw error;
      return await signer.generate(wanted, 'P-256');
    }
  };
  try {
    const { spki } = await keyOf(label);
    await keyOf(healthKeyLabel);
    const file = data.path('public', 'validation-receipt.pub.pem');
    writePrivateFile(file, encodePem('PUBLIC KEY', spki));
    return { label, file, keyId: createHash('sha256').update(spki).digest('hex'), healthKeyLabel };
  } finally {
    await signer.close();
  }
}
