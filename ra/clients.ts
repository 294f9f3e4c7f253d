import type { Knex } from 'knex';
import type { Certificate } from '../pki/index.js';
import type { Sql } from '../ops/kit/deps.js';
import { clientsByCertificate, type Client } from './parties.js';
import type { PeerCertificate } from './peer.js';

/**
 * DESIGN: within a second a change of a party or a system counts in every RA of the database, in the one that made it
 * at once. Shorter, and a busy client costs a query for each of its requests again.
 */
const staleAfterMs = 1_000;
/** Clients remembered; the oldest goes. Each is a few KiB with its identifiers. */
const maxClients = 4_096;

interface Known {
  readonly client: Promise<Client | undefined>;
  /** `performance.now()` before it was read. */
  readonly since: number;
}

/** Registered clients by their certificates, read again when they are older than a second. */
export class Clients {
  readonly #database: Knex;
  readonly #sql: Sql;
  readonly #known = new Map<string, Known>();
  readonly #believed = new Map<string, { certificate: Certificate; at: number }>();

  constructor(database: Knex, sql: Sql) {
    this.#database = database;
    this.#sql = sql;
  }

  /** The clients of certificates, in their order; `undefined` where a certificate is bound to no system. */
  find(peers: readonly PeerCertificate[]): Promise<(Client | undefined)[]> {
    const now = performance.now();
    const missing = new Map<string, PeerCertificate>();
    for (const peer of peers) {
      const known = this.#known.get(peer.fingerprint);
      if (known === undefined || now - known.since >= staleAfterMs) missing.set(peer.fingerprint, peer);
    }
    if (missing.size > 0) this.#read([...missing.values()], now);
    return Promise.all(peers.map(async peer => this.#known.get(peer.fingerprint)?.client));
  }

  /** After a change of parties, systems or their certificates, once it is committed. */
  forget(): void {
    this.#known.clear();
  }

  /**
   * The certificate of a client, on whatever connection, whose chain was verified within the last second of `now`; the
   * chain of the same octets under the same anchors depends on nothing but the time.
   */
  believed(peer: PeerCertificate, now: Date): Certificate | undefined {
    const known = this.#believed.get(peer.fingerprint);
    if (known === undefined || Math.abs(now.getTime() - known.at) >= staleAfterMs) return undefined;
    return known.certificate;
  }

  believe(peer: PeerCertificate, certificate: Certificate, now: Date): void {
    this.#believed.delete(peer.fingerprint);
    this.#believed.set(peer.fingerprint, { certificate, at: now.getTime() });
    trim(this.#believed);
  }

  #read(peers: readonly PeerCertificate[], since: number): void {
    const reading = clientsByCertificate(
      this.#sql,
      this.#database,
      peers.map(({ sha256 }) => sha256)
    );
    for (const { fingerprint } of peers) {
      const entry: Known = { client: reading.then(clients => clients.get(fingerprint)), since };
      this.#known.delete(fingerprint);
      this.#known.set(fingerprint, entry);
      // A fault is told to those who asked, and asked about anew by the next.
      entry.client.catch(() => {
        if (this.#known.get(fingerprint) === entry) this.#known.delete(fingerprint);
      });
    }
    trim(this.#known);
  }
}

function trim(clients: Map<string, unknown>): void {
  for (const oldest of clients.keys()) {
    if (clients.size <= maxClients) break;
    clients.delete(oldest);
  }
}
