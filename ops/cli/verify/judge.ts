import { keyUsageNames, type KeyUsageName } from '../../../pki/x509/index.js';
import type { Environment } from '../../../pki/messages/environment.js';
import { smkiVerifier, verifyPath, type ExplainedResult } from '../../../pki/verify/index.js';
import { CliError } from '../exit.js';

export type Mode = 'smki' | 'rfc5280';
export type Revocation = 'none' | 'leaf' | 'chain';

/** What the options ask. */
export interface Question {
  readonly at: Date;
  readonly purposes: readonly string[];
  readonly revocation: Revocation;
  readonly role: number | undefined;
  readonly entity: string | undefined;
  readonly environment: Environment;
  readonly policy: {
    readonly initialPolicySet?: readonly string[];
    readonly explicitPolicy: boolean;
    readonly inhibitMapping: boolean;
    readonly inhibitAnyPolicy: boolean;
  };
}

/** DER throughout. */
export interface Material {
  readonly question: Question;
  readonly anchors: readonly Uint8Array[];
  readonly intermediates: readonly Uint8Array[];
  readonly crls: readonly Uint8Array[];
  readonly ocspResponses: readonly Uint8Array[];
}

/** Judges one DER certificate. */
export type Judge = (certificate: Uint8Array) => ExplainedResult;

/** A judge of a mode; what all certificates are judged under is read once where the mode can. */
export function judgeIn(mode: Mode, material: Material): Judge {
  return mode === 'smki' ? smkiJudge(material) : pathJudge(material);
}

function smkiJudge({ question, anchors, intermediates, crls }: Material): Judge {
  const verifier = smkiVerifier({ issuers: intermediates, anchors, crls });
  const { at, revocation, environment, role, entity, purposes } = question;
  const asked = { at, revocation, environment, role, entity, purpose: purposes[0] };
  return certificate => verifier.verify(certificate, asked);
}

function pathJudge({ question, ...material }: Material): Judge {
  const { at, revocation, purposes, policy } = question;
  const keyUsage = purposes.filter(isKeyUsage);
  const extendedKeyUsage = purposes.filter(purpose => !isKeyUsage(purpose));
  return certificate => {
    try {
      return verifyPath({
        certificate,
        ...material,
        ...{ at, revocation, policy, keyUsage, extendedKeyUsage }
      });
    } catch (error) {
      // A purpose that is no name and no OID: the one value of these that the reader of options does not know.
      if (!(error instanceof TypeError)) throw error;
      throw new CliError('cli/option', `--purpose: ${error.message}`, { cause: error });
    }
  };
}

function isKeyUsage(purpose: string): purpose is KeyUsageName {
  return (keyUsageNames as readonly string[]).includes(purpose);
}
