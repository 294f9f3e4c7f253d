import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { HsmError, mintPermit, type Signer } from '../../hsm/index.js';
import { verifyWithKnownKey } from '../../pki/index.js';
import { hasStatementPrefix, type StatementSigner, type StatementType } from '../../pki/messages/index.js';
import type { ComponentSigner } from './signer.js';

/** Bytes without the prefix of its statements were handed to a statement key: a defect of the caller. */
export class StatementPrefixError extends Error {
  readonly code = 'statement/prefix';
  constructor() {
    super('a statement begins with the prefix of its type');
    this.name = 'StatementPrefixError';
  }
}

/**
 * A statement signer over a token. It alone holds the permit secret of its signer, and mints permits only for bytes
 * that begin with the prefix of one type of statement: the key can sign nothing that a certificate's reader would
 * take, nor a statement that another key is for.
 */
export async function createStatementSigner(options: {
  readonly signer: Signer;
  readonly keyLabel: string;
  readonly permitSecret: Uint8Array;
  /** What the key signs. */
  readonly type: StatementType;
}): Promise<StatementSigner> {
  const { signer, keyLabel, permitSecret, type } = options;
  const { spki } = await signer.publicKey(keyLabel);
  return {
    keyId: new Uint8Array(createHash('sha256').update(spki).digest()),
    spki,
    async sign(statement) {
      if (!hasStatementPrefix(statement, type)) throw new StatementPrefixError();
      const permit = mintPermit(permitSecret, keyLabel, 'statement', statement, randomBytes(16));
      const signature = await signer.sign({ key: keyLabel, purpose: 'statement', data: statement, permit });
      // A token may answer OK with a wrong signature; an order that does not verify would be lost at the CA.
      if (!verifyWithKnownKey(spki, statement, signature, 'raw')) {
        throw new HsmError('hsm/failed', 'the token returned a signature that does not verify');
      }
      return signature;
    }
  };
}

/** The statement signer of a token that must have been seen once; one that is away is waited for. */
export async function whenTokenAnswers(
  { signer, permitSecret }: ComponentSigner,
  key: { readonly keyLabel: string; readonly type: StatementType },
  log: Logger
): Promise<StatementSigner> {
  for (let waited = 0; ; waited++) {
    try {
      return await createStatementSigner({ signer, permitSecret, ...key });
    } catch (error) {
      const passing =
        error instanceof HsmError && (error.code === 'hsm/unavailable' || error.code === 'hsm/busy');
      if (!passing) throw error;
      if (waited % 20 === 0) log.warn({ err: error }, 'the statement token does not answer yet');
      await sleep(500);
    }
  }
}
