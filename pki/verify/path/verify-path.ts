import { sameOctets } from '../../der/octets.js';
import type { Name } from '../../x509/index.js';
import { revocationSource } from '../revocation/source.js';
import type { PathAnchor } from './anchor.js';
import { Budget, BudgetSpent } from './budget.js';
import { derOf, searchPath } from './build.js';
import { readPathCertificate, type PathCertificate } from './certificate.js';
import { nameText, ownFault, purposeFault, purposeUsageFault, usageFault } from './checks.js';
import { Failures, failureAt, fault, type PathFailure } from './failure.js';
import { readInput, type PathInput, type PathResult, type Question } from './input.js';
import { nameKey } from './name.js';
import { Pool, readAnchor } from './pool.js';
import type { CrlSigner, RevocationAnswer, RevocationEvidence, RevocationSource } from './revocation.js';
import { Signatures } from './signatures.js';
import { validatePath, type Asked } from './validate.js';

export type { AnchorKey, PathInput, PathResult, PolicyInput } from './input.js';

/** A path that is valid in everything that was asked. */
interface Found {
  readonly path: readonly Uint8Array[];
  readonly policies: readonly string[];
  readonly evidence: readonly RevocationEvidence[];
}

/**
 * Whether a certificate is to be believed at a moment: RFC 5280 section 6 whole, over any set of intermediates, with
 * the rules of section 4 held against every certificate of the path, an anchor's certificate included. Deterministic,
 * without input or output, and bounded by its budgets: every refusal has a code.
 *
 * Never throws for any octets; TypeError for values that are not of the types of `PathInput`.
 */
export function verifyPath(input: PathInput): PathResult {
  const question = readInput(input);
  const failures = new Failures();
  const target = readPathCertificate(question.certificate);
  if ('code' in target)
    return {
      valid: false,
      path: [question.certificate],
      failure: failureAt(target, 0, question.certificate)
    };
  const anchors: PathAnchor[] = [];
  const unread: PathFailure[] = [];
  for (const given of question.anchors) {
    const anchor = readAnchor(given);
    if ('code' in anchor) unread.push(failureAt(anchor, 0, given instanceof Uint8Array ? given : undefined));
    else anchors.push(anchor);
  }
  if (anchors.length === 0) {
    const none = failureAt(fault('input/anchor', 'there is no anchor that can be read'), 0, undefined);
    return refusal(none, [target.der], unread.slice(0, 4));
  }
  const pool = new Pool(anchors, question.intermediates);
  const leftOut = [...unread.slice(0, 4), ...pool.leftOut];
  try {
    const found = new PathQuestion(question, pool, failures).answer(target);
    if (found !== undefined)
      return { valid: true, path: found.path, policies: found.policies, revocation: found.evidence };
  } catch (error) {
    if (!(error instanceof BudgetSpent)) throw error;
    const spent = fault('path/budget', 'the budget of the call is spent before a path was found', {
      budget: error.budget
    });
    const best = failures.best();
    const others = [...(best === undefined ? [] : [best.failure]), ...failures.others(), ...leftOut];
    return refusal(failureAt(spent, 0, target.der), best?.path ?? [target.der], others);
  }
  const best = failures.best();
  const failure =
    best?.failure ??
    failureAt(
      fault('path/issuer-not-found', 'no certificate of the issuer leads to an anchor', {
        issuer: nameText(target.issuer)
      }),
      0,
      target.der
    );
  return refusal(failure, best?.path ?? [target.der], [...failures.others(), ...leftOut]);
}

function refusal(
  failure: PathFailure,
  path: readonly Uint8Array[],
  others: readonly PathFailure[]
): PathResult {
  return { valid: false, path, failure: others.length === 0 ? failure : { ...failure, others } };
}

/** One call: its budgets, the signatures it knows, and the statuses that were asked for. */
class PathQuestion {
  readonly #question: Question;
  readonly #pool: Pool;
  readonly #failures: Failures;
  readonly #budget: Budget;
  readonly #signatures: Signatures;
  readonly #revocation: RevocationSource;
  /** Certificates whose status is being asked for: none of them vouches for itself. */
  readonly #asking = new Set<PathCertificate>();
  readonly #good = new Map<
    PathCertificate,
    { readonly above: PathCertificate | PathAnchor; readonly evidence: readonly RevocationEvidence[] }
  >();

  constructor(question: Question, pool: Pool, failures: Failures) {
    this.#question = question;
    this.#pool = pool;
    this.#failures = failures;
    this.#budget = new Budget(question.budgets);
    this.#signatures = new Signatures(this.#budget);
    this.#revocation = revocationSource(question.crls, question.ocspResponses);
  }

  answer(target: PathCertificate): Found | undefined {
    const { at, purposes, usages } = this.#question;
    const found =
      ownFault(target, at, this.#signatures) ??
      purposeFault(target, purposes) ??
      usageFault(target, usages) ??
      purposeUsageFault(target, purposes);
    if (found !== undefined) {
      this.#failures.add(failureAt(found, 0, target.der), [target.der], true);
      return undefined;
    }
    return this.#search(target, this.#question, this.#failures, undefined, this.#question.revocation);
  }

  #search(
    target: PathCertificate,
    asked: Asked,
    failures: Failures,
    onlyAnchor: PathAnchor | undefined,
    revocation: Question['revocation']
  ): Found | undefined {
    const { maxDepth } = this.#question;
    const { at, purposes } = asked;
    const tools = { budget: this.#budget, signatures: this.#signatures };
    return searchPath<Found>(target, {
      ...tools,
      ...{ pool: this.#pool, at, purposes, maxDepth, failures, onlyAnchor },
      complete: (path, anchor) => {
        const validated = validatePath(path, anchor, asked, tools);
        if ('code' in validated) return validated;
        const evidence = this.#statuses(path, anchor, revocation);
        if ('code' in evidence) return evidence;
        return { found: { path: derOf(path, anchor), policies: validated.policies, evidence: evidence.all } };
      }
    });
  }

  /** From the anchor down, so that an issuer has been found good before its lists are asked (RFC 5280 6.1.3 a 3). */
  #statuses(
    path: readonly PathCertificate[],
    anchor: PathAnchor,
    revocation: Question['revocation']
  ): { readonly all: readonly RevocationEvidence[] } | PathFailure {
    const all: RevocationEvidence[] = [];
    const first = revocation === 'none' ? -1 : revocation === 'leaf' ? 0 : path.length - 1;
    for (let depth = first; depth >= 0; depth--) {
      const certificate = path[depth] as PathCertificate;
      const answer = this.#status(path, depth, anchor);
      if (!answer.good) return failureAt(told(answer), depth, certificate.der);
      all.unshift(...answer.evidence.map(one => ({ ...one, depth })));
    }
    return { all };
  }

  #status(path: readonly PathCertificate[], depth: number, anchor: PathAnchor): RevocationAnswer {
    const certificate = path[depth] as PathCertificate;
    const above = path[depth + 1];
    const known = this.#good.get(certificate);
    if (known !== undefined && known.above === (above ?? anchor))
      return { good: true, evidence: known.evidence };
    const issuers = path.slice(depth + 1);
    if (anchor.certificate !== undefined) issuers.push(anchor.certificate);
    this.#asking.add(certificate);
    try {
      const answer = this.#revocation.status({
        certificate,
        depth,
        issuer:
          above === undefined
            ? { name: anchor.name, key: anchor.key, certificate: anchor.certificate }
            : { name: above.subject, key: above.publicKey, certificate: above },
        issuers,
        anchor,
        at: this.#question.at,
        signatures: this.#signatures,
        signers: name => this.#signers(name, anchor)
      });
      if (answer.good) this.#good.set(certificate, { above: above ?? anchor, evidence: answer.evidence });
      return answer;
    } finally {
      this.#asking.delete(certificate);
    }
  }

  /** RFC 5280 6.3.3 f: a list signer's path ends at the anchor of the certificate the list is about. */
  *#signers(name: Name, anchor: PathAnchor): Generator<CrlSigner> {
    const key = nameKey(name);
    const { certificate: own } = anchor;
    if (own !== undefined && nameKey(own.subject) === key && own.keyUsage?.includes('cRLSign') === true)
      yield { certificate: own, key: own.publicKey };
    const revocation = this.#question.revocation === 'chain' ? 'chain' : 'none';
    for (const { certificate } of this.#pool.entriesNamed(key)) {
      if ('code' in certificate || certificate.keyUsage?.includes('cRLSign') !== true) continue;
      if ([...this.#asking].some(({ der }) => sameOctets(der, certificate.der))) continue;
      this.#budget.spend('candidates');
      if (this.#search(certificate, this.#signerAsked, new Failures(), anchor, revocation) !== undefined)
        yield { certificate, key: certificate.publicKey };
    }
  }

  get #signerAsked(): Asked {
    const policy = { initial: undefined, explicit: false, inhibitMapping: false, inhibitAny: false };
    return { at: this.#question.at, purposes: [], usages: ['cRLSign'], policy };
  }
}

function told(answer: Extract<RevocationAnswer, { good: false }>) {
  return fault(answer.code, answer.message, answer.facts);
}
