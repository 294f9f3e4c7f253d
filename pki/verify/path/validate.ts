import { oids } from '../../x509/index.js';
import type { PathAnchor } from './anchor.js';
import type { Budget } from './budget.js';
import type { PathCertificate } from './certificate.js';
import {
  authorityFault,
  isSelfIssued,
  ownFault,
  purposeFault,
  purposeUsageFault,
  usageFault
} from './checks.js';
import type { NameConstraints } from './extensions.js';
import { failureAt, fault, type Fault, type PathFailure } from './failure.js';
import type { Question } from './input.js';
import { nameConstraintFault } from './name-constraints.js';
import { sameName } from './name.js';
import { PolicyTree } from './policy-tree.js';
import type { Signatures } from './signatures.js';

/** What a path is asked besides RFC 5280 6.1: of the question the parts that hold for this path. */
export type Asked = Pick<Question, 'at' | 'purposes' | 'usages' | 'policy'>;

/** State variables of RFC 5280 6.1.2. */
interface State {
  explicitPolicy: number;
  inhibitMapping: number;
  inhibitAny: number;
  maxPathLength: number;
  readonly constraints: NameConstraints[];
  readonly tree: PolicyTree;
}

/**
 * RFC 5280 6.1 on one path, from the anchor down, revocation excepted. Stands on its own: nothing that the search
 * has found is taken on trust, and signatures known already cost nothing.
 *
 * @param path target first, without the anchor
 */
export function validatePath(
  path: readonly PathCertificate[],
  anchor: PathAnchor,
  asked: Asked,
  { signatures, budget }: { readonly signatures: Signatures; readonly budget: Budget }
): { readonly policies: readonly string[] } | PathFailure {
  const n = path.length;
  const state = initialState(n, asked);
  if (anchor.certificate !== undefined) {
    const found =
      ownFault(anchor.certificate, asked.at, signatures) ??
      authorityFault(anchor.certificate) ??
      purposeFault(anchor.certificate, asked.purposes);
    if (found !== undefined) return failureAt(found, n, anchor.certificate.der);
    applyAnchor(state, anchor.certificate);
  }
  if (anchor.nameConstraints !== undefined) state.constraints.push(anchor.nameConstraints);

  let issuer: Pick<PathAnchor, 'name' | 'key'> = anchor;
  for (let depth = n - 1; depth >= 0; depth--) {
    const certificate = path[depth] as PathCertificate;
    const found =
      basicFault(certificate, issuer, asked.at, signatures) ??
      processNames(certificate, depth, state, budget) ??
      processPolicies(certificate, depth, state) ??
      (depth > 0 ? prepareNext(certificate, state) : undefined) ??
      purposeFault(certificate, asked.purposes);
    if (found !== undefined) return failureAt(found, depth, certificate.der);
    issuer = { name: certificate.subject, key: certificate.publicKey };
  }
  return wrapUp(path[0] as PathCertificate, state, asked);
}

/** RFC 5280 6.1.2. */
function initialState(n: number, { policy }: Asked): State {
  return {
    explicitPolicy: policy.explicit ? 0 : n + 1,
    inhibitMapping: policy.inhibitMapping ? 0 : n + 1,
    inhibitAny: policy.inhibitAny ? 0 : n + 1,
    maxPathLength: n,
    constraints: [],
    tree: new PolicyTree()
  };
}

/**
 * What the anchor's own certificate says of paths below it (RFC 5937): its constraints are applied before the first
 * certificate. Without certificatePolicies it is for any policy; nothing is counted down for it.
 */
function applyAnchor(state: State, certificate: PathCertificate): void {
  const { policies, policyMappings = [] } = certificate;
  if (policies !== undefined) {
    state.tree.descend(policies, true);
    state.tree.map(policyMappings, state.inhibitMapping > 0);
  }
  constrain(state, certificate);
}

/** RFC 5280 6.1.3 a. */
function basicFault(
  certificate: PathCertificate,
  issuer: Pick<PathAnchor, 'name' | 'key'>,
  at: Date,
  signatures: Signatures
): Fault | undefined {
  if (!sameName(certificate.issuer, issuer.name))
    return fault('path/issuer-not-found', 'the issuer is not named as its certificate says');
  const answer = signatures.verify(certificate, issuer.key);
  if (answer !== true) return signatureFault(answer);
  return ownFault(certificate, at, signatures);
}

export function signatureFault(answer: false | 'unsupported'): Fault {
  return answer === 'unsupported'
    ? fault('path/signature-algorithm', 'the signature is made with an algorithm that is not believed')
    : fault('path/signature', 'the signature is not one by the issuer’s key');
}

/** RFC 5280 6.1.3 b, c. */
function processNames(
  certificate: PathCertificate,
  depth: number,
  { constraints }: State,
  budget: Budget
): Fault | undefined {
  if (depth > 0 && isSelfIssued(certificate)) return undefined;
  return nameConstraintFault(certificate, constraints, depth === 0, budget);
}

/** RFC 5280 6.1.3 d to f. */
function processPolicies(certificate: PathCertificate, depth: number, state: State): Fault | undefined {
  const anyAllowed = state.inhibitAny > 0 || (depth > 0 && isSelfIssued(certificate));
  state.tree.descend(certificate.policies, anyAllowed);
  return policyFault(state);
}

function policyFault({ explicitPolicy, tree }: State): Fault | undefined {
  return explicitPolicy > 0 || !tree.isNull
    ? undefined
    : fault('path/explicit-policy', 'an explicit policy is required, and none is valid along the path');
}

/** RFC 5280 6.1.4. */
function prepareNext(certificate: PathCertificate, state: State): Fault | undefined {
  const { policyMappings = [] } = certificate;
  if (
    policyMappings.some(
      ({ issuerDomainPolicy: from, subjectDomainPolicy: to }) =>
        from === oids.anyPolicy || to === oids.anyPolicy
    )
  )
    return fault('path/policy-mappings', 'a policy is mapped to or from anyPolicy');
  state.tree.map(policyMappings, state.inhibitMapping > 0);
  const notAuthority = authorityFault(certificate);
  if (notAuthority !== undefined) return notAuthority;
  if (!isSelfIssued(certificate)) {
    state.explicitPolicy = Math.max(0, state.explicitPolicy - 1);
    state.inhibitMapping = Math.max(0, state.inhibitMapping - 1);
    state.inhibitAny = Math.max(0, state.inhibitAny - 1);
    if (state.maxPathLength <= 0)
      return fault('path/path-length', 'more CAs than a path length constraint above allows');
    state.maxPathLength--;
  }
  constrain(state, certificate);
  return undefined;
}

/** RFC 5280 6.1.4 g, i, j, m. */
function constrain(state: State, certificate: PathCertificate): void {
  const { nameConstraints, policyConstraints, inhibitAnyPolicy, basicConstraints } = certificate;
  if (nameConstraints !== undefined) state.constraints.push(nameConstraints);
  state.explicitPolicy = least(state.explicitPolicy, policyConstraints?.requireExplicitPolicy);
  state.inhibitMapping = least(state.inhibitMapping, policyConstraints?.inhibitPolicyMapping);
  state.inhibitAny = least(state.inhibitAny, inhibitAnyPolicy);
  state.maxPathLength = least(state.maxPathLength, basicConstraints?.pathLength);
}

function least(value: number, other: number | undefined): number {
  return other === undefined ? value : Math.min(value, other);
}

/** RFC 5280 6.1.5. */
function wrapUp(
  target: PathCertificate,
  state: State,
  { policy, usages, purposes }: Asked
): { readonly policies: readonly string[] } | PathFailure {
  state.explicitPolicy = Math.max(0, state.explicitPolicy - 1);
  if (target.policyConstraints?.requireExplicitPolicy === 0) state.explicitPolicy = 0;
  const policies = state.tree.constrained(policy.initial);
  if (state.explicitPolicy === 0 && policies.length === 0) {
    const found = fault(
      'path/explicit-policy',
      'an explicit policy is required, and none of those asked for is valid along the path'
    );
    return failureAt(found, 0, target.der);
  }
  const found = usageFault(target, usages) ?? purposeUsageFault(target, purposes);
  return found === undefined ? { policies } : failureAt(found, 0, target.der);
}
