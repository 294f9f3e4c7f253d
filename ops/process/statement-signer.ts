import { createHash, randomBytes } from 'node:crypto';
import { HsmError, mintPermit, type Signer } from '../../hsm/index.js';
import { verifySignature } from '../../pki/index.js';
import {
  hasStatementPrefix,
  statementPrefixes,
  type StatementSigner,
  type StatementType
} from '../../pki/messages/index.js';

/** Bytes without a statement's prefix were handed to a statement key: a defect of the caller. */
export class StatementPrefixError extends Error {
  readonly code = 'statement/prefix';
  constructor() {
    super('a statement begins with one of the known prefixes');
    this.name = 'StatementPrefixError';
  }
}

/**
 * A statement signer over a token. It alone holds the permit secret of its signer, and mints permits only for bytes
 * that begin with a statement's prefix: the key can sign nothing that a certificate's reader would take.
 */
export async function createStatementSigner(options: {
  readonly signer: Signer;
  readonly keyLabel: string;
  readonly permitSecret: Uint8Array;
}): Promise<StatementSigner> {
  const { signer, keyLabel, permitSecret } = options;
  const { spki } = await signer.publicKey(keyLabel);
  const types = Object.keys(statementPrefixes) as StatementType[];
  return {
    keyId: new Uint8Array(createHash('sha256').update(spki).digest()),
    spki,
    async sign(statement) {
      if (!types.some(type => hasStatementPrefix(statement, type))) throw new StatementPrefixError();
      const permit = mintPermit(permitSecret, keyLabel, 'statement', statement, randomBytes(16));
      const signature = await signer.sign({ key: keyLabel, purpose: 'statement', data: statement, permit });
      // A token may answer OK with a wrong signature; an order that does not verify would be lost at the CA.
      if (!verifySignature(spki, statement, signature, 'raw')) {
        throw new HsmError('hsm/failed', 'the token returned a signature that does not verify');
      }
      return signature;
    }
  };
}
