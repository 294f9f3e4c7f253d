import { oids } from '../../x509/index.js';
import type { PolicyMapping } from './extensions.js';

const any = oids.anyPolicy;

/** One policy of one level: with every parent it has, where a tree would repeat it under each. */
interface PolicyNode {
  /** Policies that satisfy it in the next certificate. */
  expected: ReadonlySet<string>;
  readonly parents: ReadonlySet<string>;
}

type Level = Map<string, PolicyNode>;

/**
 * valid_policy_tree of RFC 5280 6.1, kept as a graph of levels: a policy stands once in a level, so that it grows
 * with the octets of the certificates and not with the number of ways through them (RFC 9618).
 */
export class PolicyTree {
  /** Levels from the anchor's on; undefined once the tree is NULL. */
  #levels: Level[] | undefined = [new Map([[any, { expected: new Set([any]), parents: new Set<string>() }]])];

  get isNull(): boolean {
    return this.#levels === undefined;
  }

  /**
   * The next certificate's policies (RFC 5280 6.1.3 d, e).
   *
   * @param anyAllowed whether anyPolicy of this certificate counts
   */
  descend(policies: readonly string[] | undefined, anyAllowed: boolean): void {
    const above = this.#levels?.at(-1);
    if (this.#levels === undefined || above === undefined) return;
    if (policies === undefined) {
      this.#levels = undefined;
      return;
    }
    const expecting = parentsByExpected(above);
    const level: Level = new Map();
    for (const policy of policies) {
      if (policy === any) continue;
      const parents = expecting.get(policy) ?? (above.has(any) ? new Set([any]) : undefined);
      if (parents !== undefined) level.set(policy, { expected: new Set([policy]), parents });
    }
    if (policies.includes(any) && anyAllowed)
      for (const [policy, parents] of expecting)
        if (!level.has(policy)) level.set(policy, { expected: new Set([policy]), parents });
    this.#levels.push(level);
    this.#prune();
  }

  /** The mappings of a CA (RFC 5280 6.1.4 b). */
  map(mappings: readonly PolicyMapping[], allowed: boolean): void {
    const level = this.#levels?.at(-1);
    const above = this.#levels?.at(-2);
    if (level === undefined) return;
    const targets = new Map<string, Set<string>>();
    for (const { issuerDomainPolicy, subjectDomainPolicy } of mappings) {
      let to = targets.get(issuerDomainPolicy);
      if (to === undefined) targets.set(issuerDomainPolicy, (to = new Set()));
      to.add(subjectDomainPolicy);
    }
    for (const [policy, to] of targets) {
      const node = level.get(policy);
      if (!allowed) level.delete(policy);
      else if (node !== undefined) node.expected = to;
      else if (level.has(any) && above?.has(any) === true)
        level.set(policy, { expected: to, parents: new Set([any]) });
    }
    this.#prune();
  }

  /** user-constrained-policy-set (RFC 5280 6.1.5 g, 6.1.6): sorted; `initial` undefined for anyPolicy. */
  constrained(initial: ReadonlySet<string> | undefined): string[] {
    const levels = this.#levels;
    if (levels === undefined) return [];
    const anyAtEnd = levels.at(-1)?.has(any) === true;
    // The policies in the anchor's own domain: those directly below anyPolicy.
    const own = new Set<string>();
    for (const level of levels.slice(1))
      for (const [policy, { parents }] of level) if (policy !== any && parents.has(any)) own.add(policy);
    if (initial === undefined) return [...own, ...(anyAtEnd ? [any] : [])].sort();
    return [...initial].filter(policy => anyAtEnd || own.has(policy)).sort();
  }

  /** Takes away nodes without children, from the last level up; without any node left the tree is NULL. */
  #prune(): void {
    const levels = this.#levels;
    if (levels === undefined) return;
    for (let i = levels.length - 1; i > 0; i--) {
      const used = new Set<string>();
      for (const { parents } of levels[i]?.values() ?? []) for (const parent of parents) used.add(parent);
      const above = levels[i - 1];
      for (const policy of above?.keys() ?? []) if (!used.has(policy)) above?.delete(policy);
    }
    if (levels.some(level => level.size === 0)) this.#levels = undefined;
  }
}

function parentsByExpected(level: Level): Map<string, Set<string>> {
  const expecting = new Map<string, Set<string>>();
  for (const [policy, { expected }] of level)
    for (const wanted of expected) {
      let parents = expecting.get(wanted);
      if (parents === undefined) expecting.set(wanted, (parents = new Set()));
      parents.add(policy);
    }
  return expecting;
}
