import { createHash } from 'node:crypto';
import {
  parseCertificate,
  profiles,
  verifyIssued,
  type Certificate,
  type Name,
  type Policy,
  type Profile,
  type ProfileName
} from '../../pki/index.js';
import { findAuthoritiesBySubject } from '../store/certificates.js';
import type { Connection } from '../store/prepared.js';

/** A certification authority that leads to an anchor, with what its certificate is. */
export interface Authority {
  readonly certificate: Certificate;
  readonly profile: ProfileName;
}

const authorityProfiles = Object.values(profiles).filter(profile => profile.kind !== 'end-entity');

/**
 * The certification authorities under the configured anchors. The anchors are the only thing believed: what the
 * tables hold counts once it has been verified up to an anchor, whoever put it there. What was verified is
 * remembered by its octets, which cannot change.
 */
export class Authorities {
  readonly anchors: readonly Certificate[];
  readonly #connection: Connection;
  readonly #policy: Policy;
  readonly #verified = new Map<string, Authority>();
  /** Verified authorities by name and key identifier; as few as there are. */
  readonly #issuers = new Map<string, Authority>();

  /** Throws when an anchor is not a self-signed certificate of a root profile. */
  constructor(connection: Connection, policy: Policy, anchors: readonly Certificate[]) {
    this.#connection = connection;
    this.#policy = policy;
    this.anchors = anchors;
    for (const anchor of anchors) {
      if (this.verify(anchor, anchor.notBefore) === undefined)
        throw new Error(`the anchor with serial number ${anchor.serialHex} is not of a root profile`);
    }
  }

  /** The newest anchor of a root profile. */
  newestAnchor(profile: ProfileName): Certificate | undefined {
    return this.anchors
      .filter(anchor => this.verify(anchor, anchor.notBefore)?.profile === profile)
      .sort((a, b) => b.notBefore.getTime() - a.notBefore.getTime())[0];
  }

  /**
   * Certificates that may be the issuer a name means: anchors first, then published authorities. Not verified:
   * candidates for whoever verifies.
   */
  async candidates(issuer: Name): Promise<Certificate[]> {
    const named = this.anchors.filter(anchor => sameOctets(anchor.subject.der, issuer.der));
    const rows = await findAuthoritiesBySubject(this.#connection, issuer.der);
    return [...named, ...rows.map(row => parseCertificate(row.der))];
  }

  /**
   * The authority of a name and key identifier, asked for in the tables where it is not known yet. Undefined where
   * none is there that leads to an anchor.
   */
  async find(issuer: Name, keyIdentifier: Uint8Array, at: Date): Promise<Authority | undefined> {
    const key = issuerKey(issuer, keyIdentifier);
    const known = this.#issuers.get(key);
    if (known !== undefined) return known;
    for (const candidate of await this.candidates(issuer)) {
      const own = candidate.subjectKeyIdentifier;
      if (own === undefined || !sameOctets(own, keyIdentifier)) continue;
      const authority = this.verify(candidate, at);
      if (authority === undefined) continue;
      this.#issuers.set(key, authority);
      return authority;
    }
    return undefined;
  }

  /** The authority of this certificate when it leads to an anchor at that moment; undefined for everything else. */
  verify(certificate: Certificate, at: Date): Authority | undefined {
    const key = createHash('sha256').update(certificate.der).digest('base64');
    const known = this.#verified.get(key);
    if (known !== undefined) return known;
    const profile = authorityProfiles.find(candidate => this.#fits(certificate, candidate, at));
    if (profile === undefined) return undefined;
    const authority: Authority = { certificate, profile: profile.name };
    this.#verified.set(key, authority);
    return authority;
  }

  /** Authorities stand directly under an anchor or are one: no published certificate is needed in between. */
  #fits(certificate: Certificate, profile: Profile, at: Date): boolean {
    return verifyIssued(certificate, [], {
      at,
      profile: profile.name,
      policy: this.#policy,
      anchors: this.anchors
    }).ok;
  }
}

function issuerKey(issuer: Name, keyIdentifier: Uint8Array): string {
  return `${latin1(issuer.der)}/${latin1(keyIdentifier)}`;
}

function latin1(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
}

export function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
