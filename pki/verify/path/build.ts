import { sameOctets } from '../../der/octets.js';
import type { PathAnchor } from './anchor.js';
import type { Budget } from './budget.js';
import type { PathCertificate } from './certificate.js';
import { authorityFault, isSelfIssued, nameText, ownFault, purposeFault } from './checks.js';
import { failureAt, fault, type Failures, type Fault, type PathFailure } from './failure.js';
import { nameKey, sameName } from './name.js';
import { keyHint, type Pool } from './pool.js';
import type { Signatures } from './signatures.js';
import { signatureFault } from './validate.js';

/** What a search works on and for. */
export interface Search<Answer> {
  readonly pool: Pool;
  readonly at: Date;
  readonly purposes: readonly string[];
  readonly maxDepth: number;
  readonly budget: Budget;
  readonly signatures: Signatures;
  readonly failures: Failures;
  /** Leaves out every other anchor. */
  readonly onlyAnchor: PathAnchor | undefined;
  /** Judges a path that has reached an anchor: the answer ends the search, a failure sends it back. */
  complete(path: readonly PathCertificate[], anchor: PathAnchor): { readonly found: Answer } | PathFailure;
}

interface Candidate {
  readonly anchor: PathAnchor | undefined;
  /** Undefined for an anchor without one. */
  readonly certificate: PathCertificate | undefined;
  readonly hint: number;
  readonly inForce: boolean;
  readonly steps: number;
}

/** Why a certificate leads nowhere: `final` when that does not depend on what stands below it. */
interface DeadEnd {
  readonly final: boolean;
}
type Outcome<Answer> = { readonly found: Answer } | DeadEnd;

/**
 * Looks for a path from a certificate up to an anchor, depth first with backtracking. Candidates for an issuer are
 * those with its name, best first: key identifiers that match, in force, an anchor, then the shortest way by names.
 * A name and key stand once in a path. Names that lead to no anchor are not followed at all, certificates from which
 * nothing was reached not again. Throws `BudgetSpent`.
 */
export function searchPath<Answer>(target: PathCertificate, search: Search<Answer>): Answer | undefined {
  const outcome = new Builder(search).explore([target]);
  return 'found' in outcome ? outcome.found : undefined;
}

class Builder<Answer> {
  readonly #search: Search<Answer>;
  /** Certificates from which nothing was reached, with the number of intermediates there was room for. */
  readonly #dead = new Map<PathCertificate, number>();
  readonly #ownFaults = new Map<PathCertificate, Fault | undefined>();

  constructor(search: Search<Answer>) {
    this.#search = search;
  }

  /** @param path target first; the last one's issuer is looked for */
  explore(path: readonly PathCertificate[]): Outcome<Answer> {
    const { budget } = this.#search;
    const last = path[path.length - 1] as PathCertificate;
    const { candidates, unreadable } = this.#candidates(last, path);
    if (candidates.length === 0 && !unreadable) this.#tellDeadEnd(path);
    let final = true;
    for (const candidate of candidates) {
      budget.spend('candidates');
      const outcome =
        candidate.anchor === undefined
          ? this.#climb(path, candidate)
          : this.#arrive(path, candidate, candidate.anchor);
      if ('found' in outcome) return outcome;
      final &&= outcome.final;
    }
    return { final };
  }

  #candidates(last: PathCertificate, path: readonly PathCertificate[]) {
    const { pool, at, onlyAnchor, maxDepth, failures } = this.#search;
    let unreadable = false;
    const key = nameKey(last.issuer);
    const candidates: Candidate[] = [];
    for (const anchor of pool.anchorsNamed(key)) {
      if (onlyAnchor !== undefined && anchor !== onlyAnchor) continue;
      const { certificate } = anchor;
      const inForce =
        certificate === undefined || (at >= certificate.notBefore && at <= certificate.notAfter);
      candidates.push({ anchor, certificate, hint: keyHint(last, certificate), inForce, steps: 0 });
    }
    for (const { head, certificate, der } of this.#entriesWithin(key, maxDepth - path.length + 1)) {
      if ('code' in certificate) {
        const ders = [...path.map(below => below.der), der];
        failures.add(failureAt(certificate, path.length, der), ders, false);
        unreadable = true;
        continue;
      }
      const inForce = at >= head.notBefore && at <= head.notAfter;
      const steps = pool.stepsTo(nameKey(head.issuer)) + 1;
      candidates.push({ anchor: undefined, certificate, hint: keyHint(last, certificate), inForce, steps });
    }
    candidates.sort((a, b) => b.hint - a.hint || Number(b.inForce) - Number(a.inForce) || a.steps - b.steps);
    return { candidates, unreadable };
  }

  /** Entries of a name that lead to an anchor, by names, within the number of intermediates left. */
  #entriesWithin(key: string, room: number) {
    const { pool } = this.#search;
    const within = pool
      .entriesNamed(key)
      .filter(({ head }) => pool.stepsTo(nameKey(head.issuer)) + 1 <= room);
    // DESIGN: no more can be tried than the budget has; reading thousands of one name to sort them costs seconds.
    return within.length <= maxSorted ? within : within.slice(0, maxSorted);
  }

  #arrive(path: readonly PathCertificate[], candidate: Candidate, anchor: PathAnchor): Outcome<Answer> {
    const { signatures } = this.#search;
    const last = path[path.length - 1] as PathCertificate;
    const answer = signatures.verify(last, anchor.key);
    if (answer !== true) {
      this.#tell(signatureFault(answer), path, path.length - 1, last, candidate.hint);
      return { final: true };
    }
    const judged = this.#search.complete(path, anchor);
    if ('found' in judged) return judged;
    this.#search.failures.add(judged, derOf(path, anchor), true, candidate.hint);
    return { final: false };
  }

  #climb(path: readonly PathCertificate[], { certificate, hint }: Candidate): Outcome<Answer> {
    const { signatures, purposes, maxDepth } = this.#search;
    const last = path[path.length - 1] as PathCertificate;
    if (certificate === undefined) return { final: true };
    if (path.some(other => isSameEntity(other, certificate))) {
      this.#tell(
        fault('path/loop', 'a name and key would stand in the path twice'),
        path,
        path.length,
        certificate,
        0
      );
      return { final: false };
    }
    const room = maxDepth - path.length;
    if ((this.#dead.get(certificate) ?? -1) >= room) return { final: true };
    const found =
      this.#ownFault(certificate) ?? authorityFault(certificate) ?? purposeFault(certificate, purposes);
    if (found !== undefined) {
      this.#tell(found, path, path.length, certificate, hint);
      return { final: true };
    }
    const limit = certificate.basicConstraints?.pathLength;
    if (limit !== undefined && path.slice(1).filter(below => !isSelfIssued(below)).length > limit) {
      const tooLong = fault('path/path-length', 'more CAs than a path length constraint above allows');
      this.#tell(tooLong, path, path.length, certificate, hint);
      return { final: false };
    }
    const answer = signatures.verify(last, certificate.publicKey);
    if (answer !== true) {
      this.#tell(signatureFault(answer), path, path.length - 1, last, hint);
      return { final: true };
    }
    const outcome = this.explore([...path, certificate]);
    if (!('found' in outcome) && outcome.final) this.#dead.set(certificate, room);
    return outcome;
  }

  #ownFault(certificate: PathCertificate): Fault | undefined {
    if (this.#ownFaults.has(certificate)) return this.#ownFaults.get(certificate);
    const found = ownFault(certificate, this.#search.at, this.#search.signatures);
    this.#ownFaults.set(certificate, found);
    return found;
  }

  /** No candidate at all: says how far the names lead all the same, without going back and forth. */
  #tellDeadEnd(path: readonly PathCertificate[]): void {
    const { pool, maxDepth, signatures } = this.#search;
    const whole = [...path];
    for (;;) {
      const last = whole[whole.length - 1] as PathCertificate;
      const key = nameKey(last.issuer);
      const entries = pool.entriesNamed(key);
      const depth = whole.length - 1;
      if (entries.some(({ head }) => pool.stepsTo(nameKey(head.issuer)) < Infinity)) {
        this.#tell(fault('path/depth', 'more intermediates than are allowed'), whole, depth, last, 1);
        return;
      }
      const next = entries
        .slice(0, maxFollowed)
        .map(({ certificate }) => certificate)
        .find(
          (certificate): certificate is PathCertificate =>
            !('code' in certificate) &&
            !whole.some(other => isSameEntity(other, certificate)) &&
            keyHint(last, certificate) > 0 &&
            signatures.verify(last, certificate.publicKey) === true
        );
      if (next === undefined || depth >= maxDepth) {
        const found = fault('path/issuer-not-found', 'no certificate of the issuer leads to an anchor', {
          issuer: nameText(last.issuer)
        });
        this.#tell(found, whole, depth, last, 1);
        return;
      }
      whole.push(next);
    }
  }

  #tell(
    found: Fault,
    path: readonly PathCertificate[],
    depth: number,
    certificate: PathCertificate,
    hint: number
  ): void {
    const ders = path.map(({ der }) => der);
    if (depth === path.length) ders.push(certificate.der);
    this.#search.failures.add(failureAt(found, depth, certificate.der), ders, false, hint);
  }
}

/** DESIGN: as many candidates as a call has by default. */
const maxSorted = 1_000;
/** DESIGN: how many unanchored certificates of one name are looked at to tell where the way ends. */
const maxFollowed = 4;

function isSameEntity(a: PathCertificate, b: PathCertificate): boolean {
  return sameOctets(a.publicKey.spki, b.publicKey.spki) && sameName(a.subject, b.subject);
}

/** Target first; a target that is the anchor's own certificate stands once. */
export function derOf(path: readonly PathCertificate[], { certificate }: PathAnchor): Uint8Array[] {
  const ders = path.map(({ der }) => der);
  const last = ders[ders.length - 1];
  if (certificate !== undefined && (last === undefined || !sameOctets(last, certificate.der)))
    ders.push(certificate.der);
  return ders;
}
