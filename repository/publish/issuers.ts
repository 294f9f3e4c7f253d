import type { Certificate, Name } from '../../pki/index.js';
import type { RepositoryContext } from '../context.js';
import { isRevoked } from '../store/certificates.js';
import { serialToUuid } from '../store/serial.js';

/** The issuers that a publication's certificates name. */
export interface Issuers {
  /** See `Authorities.candidates`. */
  candidates(issuer: Name): Promise<readonly Certificate[]>;
  isRevoked(issuer: Certificate): Promise<boolean>;
}

/**
 * Asks the tables once for each issuer, not for each certificate. For one publication: what another process
 * publishes or revokes meanwhile counts from the next one on.
 */
export function issuersOfPublication(context: Pick<RepositoryContext, 'database' | 'authorities'>): Issuers {
  const candidates = new Map<string, Promise<readonly Certificate[]>>();
  const revoked = new Map<string, Promise<boolean>>();
  return {
    candidates: issuer => once(candidates, issuer.der, () => context.authorities.candidates(issuer)),
    isRevoked: issuer =>
      once(revoked, issuer.der, async () => {
        const serial = serialToUuid(issuer.serial);
        return serial !== undefined && isRevoked(context.database, serial, issuer.issuer.der);
      })
  };
}

function once<T>(known: Map<string, Promise<T>>, octets: Uint8Array, ask: () => Promise<T>): Promise<T> {
  const key = Buffer.from(octets).toString('latin1');
  let answer = known.get(key);
  if (answer === undefined) known.set(key, (answer = ask()));
  return answer;
}
