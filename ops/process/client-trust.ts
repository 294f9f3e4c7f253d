import type { Logger } from 'pino';
import {
  certificateStatus,
  parseCertificate,
  parseCrl,
  verifyIssuedCrl,
  type Certificate
} from '../../pki/index.js';
import type { VerifiedCrl } from '../../pki/index.js';
import type { ClientTrust } from '../../ra/deps.js';
import { createHttpClient } from '../http/index.js';
import type { Clock } from '../kit/clock.js';

export interface ClientTrustOptions {
  /** DER: IKI roots and issuing CAs. Configured, so believed. */
  readonly chain: readonly Uint8Array[];
  /** Where the CRL of the issuing CAs and the ARL of the root are fetched: public URLs of the repository. */
  readonly crlUrls: readonly string[];
  /** How often they are fetched; a revoked client is refused at most this much after publication. */
  readonly refreshMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface RunningClientTrust extends ClientTrust {
  /** The lists held now, for health: issuers without a current list. */
  missing(): readonly string[];
  stop(): void;
}

/**
 * Knows which IKI client certificates are revoked, from the published lists, as any relying party would: fetched
 * over plain HTTP, believed for their signature alone. Where a list is missing or no longer current the status is
 * `unknown`, and the RA refuses.
 */
export function startClientTrust(options: ClientTrustOptions): RunningClientTrust {
  const chain = options.chain.map(der => parseCertificate(der));
  const lists = new Map<string, VerifiedCrl>();
  let fetching: Promise<void> | undefined;
  let lastFetch = 0;

  async function fetchAll(): Promise<void> {
    lastFetch = Date.now();
    await Promise.all(
      options.crlUrls.map(async url => {
        try {
          await fetchOne(url);
        } catch (error) {
          options.log.warn(
            { code: 'client-trust/crl', url, err: error },
            'a list of revoked clients could not be fetched'
          );
        }
      })
    );
  }

  async function fetchOne(url: string): Promise<void> {
    const { origin, pathname } = new URL(url);
    const client = createHttpClient(origin);
    try {
      const answer = await client.send({ method: 'GET', path: pathname, timeoutMs: 5_000 });
      if (answer.status !== 200) throw new Error(`status ${answer.status}`);
      const list = parseCrl(new Uint8Array(answer.body));
      const failures: string[] = [];
      for (const issuer of chain) {
        const result = verifyIssuedCrl(list, issuer, options.clock.now());
        if (!result.ok) failures.push(result.code);
        else {
          // An older list that is still current must not take the place of a newer one.
          const known = lists.get(issuer.serialHex);
          if (known === undefined || result.crl.list.number >= known.list.number)
            lists.set(issuer.serialHex, result.crl);
          return;
        }
      }
      throw new Error(`not a list of a configured authority: ${failures.join(', ')}`);
    } finally {
      client.close();
    }
  }

  function refresh(): Promise<void> {
    fetching ??= fetchAll().finally(() => {
      fetching = undefined;
    });
    return fetching;
  }

  /** The path from a client to its root, as the chain of configured CAs gives it. */
  function issuersOf(certificate: Certificate): Certificate[] {
    const issuers: Certificate[] = [];
    let current = certificate;
    for (let depth = 0; depth < 4; depth++) {
      const issuer = chain.find(candidate => Buffer.from(candidate.subject.der).equals(current.issuer.der));
      if (issuer === undefined || issuer === current) break;
      issuers.push(issuer);
      current = issuer;
    }
    return issuers;
  }

  function statusNow(certificate: Certificate): 'good' | 'revoked' | 'unknown' {
    let subject = certificate;
    const issuers = issuersOf(certificate);
    if (issuers.length === 0) return 'unknown';
    for (const issuer of issuers) {
      if (subject === issuer) break;
      const list = lists.get(issuer.serialHex);
      if (list === undefined) return 'unknown';
      const result = certificateStatus(subject, list, options.clock.now());
      if (!result.ok) return 'unknown';
      if (result.status === 'revoked') return 'revoked';
      subject = issuer;
    }
    return 'good';
  }

  const timer = setInterval(() => void refresh(), options.refreshMs);
  timer.unref();
  void refresh();

  return {
    anchors: chain.filter(isSelfIssued),
    issuers: chain.filter(certificate => !isSelfIssued(certificate)),
    async status(certificate) {
      const known = statusNow(certificate);
      if (known !== 'unknown') return known;
      // Perhaps the list was published since; asked for at most once a second, so that refusing costs little.
      if (fetching === undefined && Date.now() - lastFetch < 1_000) return known;
      await refresh();
      return statusNow(certificate);
    },
    missing() {
      const now = options.clock.now();
      return chain
        .filter(issuer => !(lists.get(issuer.serialHex)?.isCurrent(now) ?? false))
        .map(issuer => issuer.serialHex);
    },
    stop() {
      clearInterval(timer);
    }
  };
}

function isSelfIssued(certificate: Certificate): boolean {
  return Buffer.from(certificate.subject.der).equals(certificate.issuer.der);
}
