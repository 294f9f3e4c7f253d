import { createHash } from 'node:crypto';
import { DerError } from '../../der/index.js';
import { sameOctets } from '../../der/octets.js';
import { parsePublicKey, X509Error } from '../../x509/index.js';
import type { PathAnchor } from './anchor.js';
import {
  readCertificateHead,
  readFailureOf,
  readPathCertificate,
  type CertificateHead,
  type PathCertificate,
  type ReadFailure
} from './certificate.js';
import { decodeNameConstraints } from './extensions.js';
import { failureAt, fault, type Fault, type PathFailure } from './failure.js';
import type { AnchorKey } from './input.js';
import { isEmptyName, nameFrom, nameKey } from './name.js';
import { hasSubtreeForm } from './name-forms.js';

/** An intermediate: its head is read, the rest when it is a candidate. */
export class PoolEntry {
  readonly der: Uint8Array;
  readonly head: CertificateHead;
  #certificate: PathCertificate | ReadFailure | undefined;

  constructor(der: Uint8Array, head: CertificateHead) {
    this.der = der;
    this.head = head;
  }

  get certificate(): PathCertificate | ReadFailure {
    return (this.#certificate ??= readPathCertificate(this.der));
  }
}

/** DESIGN: what is told of unreadable input beside a failure; the first few are as good as all. */
const maxTold = 4;

/** Anchors and intermediates of one call, indexed by name, with the least number of certificates to an anchor. */
export class Pool {
  readonly #anchors = new Map<string, PathAnchor[]>();
  readonly #entries = new Map<string, PoolEntry[]>();
  readonly #steps = new Map<string, number>();
  /** What could not be read. */
  readonly leftOut: PathFailure[] = [];

  constructor(anchors: readonly PathAnchor[], intermediates: readonly Uint8Array[]) {
    for (const anchor of anchors) put(this.#anchors, nameKey(anchor.name), anchor);
    const seen = new Set(
      anchors.flatMap(({ certificate }) => (certificate === undefined ? [] : [digest(certificate.der)]))
    );
    const below = new Map<string, Set<string>>();
    for (const der of intermediates) {
      const own = digest(der);
      if (seen.has(own)) continue;
      seen.add(own);
      const head = readCertificateHead(der);
      if ('code' in head) {
        this.leaveOut(head, der);
        continue;
      }
      const subject = nameKey(head.subject);
      put(this.#entries, subject, new PoolEntry(der, head));
      const issuer = nameKey(head.issuer);
      const subjects = below.get(issuer) ?? new Set();
      below.set(issuer, subjects.add(subject));
    }
    this.#measure(below);
  }

  leaveOut(found: Fault, der: Uint8Array): void {
    if (this.leftOut.length < maxTold) this.leftOut.push(failureAt(found, 0, der));
  }

  anchorsNamed(key: string): readonly PathAnchor[] {
    return this.#anchors.get(key) ?? [];
  }

  entriesNamed(key: string): readonly PoolEntry[] {
    return this.#entries.get(key) ?? [];
  }

  /** Least number of intermediates from a name up to an anchor's, going by names; Infinity when none leads there. */
  stepsTo(key: string): number {
    return this.#steps.get(key) ?? Infinity;
  }

  /** Breadth first, from the anchors' names down: dead ends are known before a signature is spent on them. */
  #measure(below: ReadonlyMap<string, ReadonlySet<string>>): void {
    let level = [...this.#anchors.keys()];
    for (const name of level) this.#steps.set(name, 0);
    for (let steps = 1; level.length > 0; steps++) {
      const next: string[] = [];
      for (const name of level)
        for (const subject of below.get(name) ?? []) {
          if (this.#steps.has(subject)) continue;
          this.#steps.set(subject, steps);
          next.push(subject);
        }
      level = next;
    }
  }
}

/** Reads an anchor; a fault leaves it out. */
export function readAnchor(input: Uint8Array | AnchorKey): PathAnchor | Fault {
  if (input instanceof Uint8Array) {
    const certificate = readPathCertificate(input);
    if ('code' in certificate) return fault('input/anchor', 'an anchor cannot be read', certificate.facts);
    const { subject: name, publicKey: key } = certificate;
    return { name, key, nameConstraints: undefined, certificate };
  }
  try {
    const name = nameFrom(input.name, 'anchor name');
    const key = parsePublicKey(input.key);
    const nameConstraints =
      input.nameConstraints === undefined ? undefined : decodeNameConstraints(input.nameConstraints);
    const bases = [...(nameConstraints?.permitted ?? []), ...(nameConstraints?.excluded ?? [])];
    if (isEmptyName(name) || !bases.every(hasSubtreeForm) || (key.rsa !== undefined && key.bits < 2_048))
      return fault('input/anchor', 'an anchor’s name, key or constraints cannot be used');
    return { name, key, nameConstraints, certificate: undefined };
  } catch (error) {
    if (!(error instanceof DerError) && !(error instanceof X509Error)) throw error;
    return fault('input/anchor', 'an anchor cannot be read', readFailureOf(error).facts);
  }
}

/** 2 when the identifiers match, 0 when they differ, 1 when one is missing: a hint for the order, nothing more. */
export function keyHint(certificate: PathCertificate, issuer: PathCertificate | undefined): number {
  const wanted = certificate.authorityKeyIdentifier?.keyIdentifier;
  const own = issuer?.subjectKeyIdentifier;
  if (wanted === undefined || own === undefined) return 1;
  return sameOctets(wanted, own) ? 2 : 0;
}

function digest(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('base64');
}

function put<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
