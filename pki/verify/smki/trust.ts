import { DerError } from '../../der/index.js';
import { sameOctets } from '../../der/octets.js';
import type { Policy, Profile } from '../../profile/index.js';
import {
  parseCertificate,
  parseCrl,
  X509Error,
  type Certificate,
  type CertificateList
} from '../../x509/index.js';
import { verifyIssuedCrl, type CrlResult } from './crl.js';
import { formFault } from './form.js';
import { findIssuers } from './issued.js';
import { nearestProfile } from './recognise.js';
import type { VerifyFailure } from './result.js';
import type { SmkiFailure } from './verdict.js';

export interface SmkiTrustInput {
  /** DER of certificates from anywhere, trusted for nothing. A damaged one is left out and named in a failure. */
  readonly issuers: readonly Uint8Array[];
  /** DER of the roots believed because they are configured. */
  readonly anchors: readonly Uint8Array[];
  /** DER of CRLs and ARLs from anywhere; a damaged one is left out and named. */
  readonly crls: readonly Uint8Array[];
}

type LeftOut = Omit<SmkiFailure, 'others'>;

/** DESIGN: names the likely cause; a heap of rubbish handed in makes no heap of a verdict. */
const maxToldLeftOut = 8;

/**
 * Lists of one issuer that are looked at, those with the highest numbers.
 * DESIGN: one is in force, a few are about while another is published. Fewer and rubbish with the issuer's name hides
 * the genuine one, which refuses; more and each costs whoever judges a signature.
 */
const maxLists = 16;

/** A list with whether it is its issuer's, at its own thisUpdate: whether it is current is another question. */
export interface JudgedList {
  readonly list: CertificateList;
  readonly result: CrlResult;
  /** cRLNumber, decimal. */
  readonly number: string;
}

interface LastIssuers {
  readonly profile: Profile;
  readonly found: readonly Certificate[] | VerifyFailure;
}

/**
 * Issuers, anchors and lists, copied and read once, with what was found of them: the lists' signatures under each
 * issuer, the faults of the issuers' form, who issues what names them as the last certificate did. Holds no verdict of a
 * certificate that is judged.
 */
export class SmkiTrust {
  readonly issuers: readonly Certificate[];
  readonly anchors: readonly Certificate[];
  readonly lists: readonly CertificateList[];
  /** Why nothing can be judged: an anchor that is none. */
  readonly failure: SmkiFailure | undefined;
  readonly #shown = new WeakMap<Uint8Array, Uint8Array>();
  readonly #leftOut: LeftOut[] = [];
  readonly #issuersByKey = new Map<string, Certificate[]>();
  readonly #faults = new WeakMap<Policy, Map<Certificate, string | undefined>>();
  readonly #listsBy = new Map<Certificate, readonly JudgedList[]>();
  #lastIssuers: (Pick<Certificate, 'issuer' | 'authorityKeyIdentifier'> & LastIssuers) | undefined;

  constructor({ issuers, anchors, crls }: SmkiTrustInput) {
    const broken: SmkiFailure[] = [];
    this.anchors = this.#read(anchors, parseCertificate, reason => {
      broken.push({ code: 'input/anchor', message: `an anchor is no certificate: ${reason}`, depth: 0 });
    });
    this.failure = broken[0];
    this.issuers = this.#read(issuers, parseCertificate, (reason, at) => {
      this.#leaveOut('input/certificate', `issuer ${at} is no certificate: ${reason}`);
    });
    this.lists = this.#read(
      crls,
      der => parseCrl(der),
      (reason, at) => {
        this.#leaveOut('revocation/malformed', `list ${at} is not read: ${reason}`);
      }
    );
    for (const issuer of this.issuers) {
      const key = keyOf(issuer.subjectKeyIdentifier);
      const others = this.#issuersByKey.get(key);
      if (others === undefined) this.#issuersByKey.set(key, [issuer]);
      else others.push(issuer);
    }
  }

  /** What could not be read, the first few. */
  get leftOut(): readonly LeftOut[] {
    return this.#leftOut;
  }

  /** The octets to be shown of a certificate or list: who writes into them changes no answer. */
  shown(der: Uint8Array): Uint8Array {
    return this.#shown.get(der) ?? der;
  }

  /** The authorities of the name and key that a certificate names, or why there is none. */
  issuersOf(certificate: Certificate, profile: Profile): readonly Certificate[] | VerifyFailure {
    const { issuer, authorityKeyIdentifier } = certificate;
    const last = this.#lastIssuers;
    // By the parsed values themselves: certificates that were recognised by their shape share them.
    if (
      last !== undefined &&
      last.issuer === issuer &&
      last.authorityKeyIdentifier === authorityKeyIdentifier &&
      last.profile === profile
    )
      return last.found;
    const key = keyOf(authorityKeyIdentifier?.keyIdentifier);
    const issuers = this.#issuersByKey.get(key) ?? this.issuers;
    const found = findIssuers(certificate, profile, 0, { anchors: this.anchors, issuers });
    this.#lastIssuers = { issuer, authorityKeyIdentifier, profile, found };
    return found;
  }

  /** In what an authority is not formed as its profile demands. */
  faultOf(authority: Certificate, policy: Policy): string | undefined {
    let faults = this.#faults.get(policy);
    if (faults === undefined) this.#faults.set(policy, (faults = new Map<Certificate, string | undefined>()));
    if (!faults.has(authority))
      faults.set(authority, formFault(authority, nearestProfile(authority), policy));
    return faults.get(authority);
  }

  /** Lists in an issuer's name and by its key's identifier, the newest first. */
  listsOf(issuer: Certificate): readonly JudgedList[] {
    let lists = this.#listsBy.get(issuer);
    if (lists === undefined) this.#listsBy.set(issuer, (lists = judgeLists(this.lists, issuer)));
    return lists;
  }

  /** What can be read, from copies: the caller's octets may change afterwards. */
  #read<T extends { readonly der: Uint8Array }>(
    ders: readonly Uint8Array[],
    parse: (der: Uint8Array) => T,
    unreadable: (reason: string, at: number) => void
  ): T[] {
    const values: T[] = [];
    for (const [at, der] of ders.entries()) {
      if (!(der instanceof Uint8Array)) throw new TypeError('certificates and lists are Uint8Arrays of DER');
      try {
        const value = parse(Uint8Array.from(der));
        this.#shown.set(value.der, Uint8Array.from(der));
        values.push(value);
      } catch (error) {
        if (!(error instanceof DerError || error instanceof X509Error)) throw error;
        unreadable(error.code, at);
      }
    }
    return values;
  }

  #leaveOut(code: LeftOut['code'], message: string): void {
    if (this.#leftOut.length < maxToldLeftOut) this.#leftOut.push({ code, message, depth: 0 });
  }
}

function judgeLists(lists: readonly CertificateList[], issuer: Certificate): JudgedList[] {
  const { subject, subjectKeyIdentifier: own } = issuer;
  const found = lists.filter(({ issuer: name, authorityKeyIdentifier: authority }) => {
    const keyId = authority?.keyIdentifier;
    if (!sameOctets(name.der, subject.der)) return false;
    return keyId !== undefined && own !== undefined && sameOctets(keyId, own);
  });
  return found
    .sort((a, b) => (a.number < b.number ? 1 : a.number > b.number ? -1 : 0))
    .slice(0, maxLists)
    .map(list => ({
      list,
      result: verifyIssuedCrl(list, issuer, list.thisUpdate),
      number: String(list.number)
    }));
}

/** Eight octets as a key of a map. */
function keyOf(identifier: Uint8Array | undefined): string {
  let key = '';
  for (const octet of identifier ?? []) key += String.fromCharCode(octet);
  return key;
}
