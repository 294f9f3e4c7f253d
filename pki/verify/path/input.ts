import { keyUsageNames, oids, type KeyUsageName } from '../../x509/index.js';
import { defaultBudgets, type Budgets } from './budget.js';
import type { PathFailure } from './failure.js';
import type { RevocationEvidence } from './revocation.js';

/** An anchor as name and key (RFC 5280 6.1.1 d): nothing of it is held against section 4. */
export interface AnchorKey {
  /** DER Name. */
  readonly name: Uint8Array;
  /** DER SubjectPublicKeyInfo. */
  readonly key: Uint8Array;
  /** DER NameConstraints that hold for everything below. */
  readonly nameConstraints?: Uint8Array | undefined;
}

/** What the caller asks; DER everywhere, nothing guessed, no PEM. */
export interface PathInput {
  readonly certificate: Uint8Array;
  /** From anywhere, trusted for nothing; a damaged one is left out, and named when no path is found. */
  readonly intermediates: readonly Uint8Array[];
  /** Certificates, which are held to the same rules and dates as every other, or names with keys. */
  readonly anchors: readonly (Uint8Array | AnchorKey)[];
  readonly crls: readonly Uint8Array[];
  readonly ocspResponses?: readonly Uint8Array[] | undefined;
  readonly at: Date;
  /** `leaf`: the target; `chain`: every certificate but the anchor. A status that is not known is a failure. */
  readonly revocation: 'none' | 'leaf' | 'chain';
  /**
   * Purposes, dotted or by the names of RFC 5280 4.2.1.12: each must be named by the target and by every CA above it
   * that has the extension. Without the extension a certificate is good for every purpose; anyExtendedKeyUsage alone
   * does not name one (4.2.1.12 leaves that to the application). The target's keyUsage must be consistent with each.
   */
  readonly extendedKeyUsage?: string | readonly string[] | undefined;
  /** Usages the target's keyUsage must have, where it has the extension. */
  readonly keyUsage?: KeyUsageName | readonly KeyUsageName[] | undefined;
  /** Most intermediates between target and anchor, self-issued ones included; default 8. */
  readonly maxDepth?: number | undefined;
  /** RFC 5280 6.1.1 c, e, f, g. */
  readonly policy?: PolicyInput | undefined;
  readonly budgets?: Partial<Budgets> | undefined;
}

export interface PolicyInput {
  /** Dotted identifiers; default anyPolicy. An empty list accepts no policy. */
  readonly initialPolicySet?: readonly string[] | undefined;
  readonly explicitPolicy?: boolean | undefined;
  readonly inhibitMapping?: boolean | undefined;
  readonly inhibitAnyPolicy?: boolean | undefined;
}

export type PathResult =
  | {
      readonly valid: true;
      /** Target first, the anchor's certificate last; an anchor given as name and key stands for itself. */
      readonly path: readonly Uint8Array[];
      /** user-constrained-policy-set (RFC 5280 6.1.6). */
      readonly policies: readonly string[];
      readonly revocation: readonly RevocationEvidence[];
    }
  | {
      readonly valid: false;
      /** The path the failure was met on. */
      readonly path?: readonly Uint8Array[];
      readonly failure: PathFailure;
    };

/** The question, its types checked and its defaults filled in. */
export interface Question extends Omit<
  PathInput,
  'extendedKeyUsage' | 'keyUsage' | 'maxDepth' | 'policy' | 'budgets' | 'ocspResponses'
> {
  readonly ocspResponses: readonly Uint8Array[];
  readonly purposes: readonly string[];
  readonly usages: readonly KeyUsageName[];
  readonly maxDepth: number;
  readonly policy: PolicyQuestion;
  readonly budgets: Budgets;
}

export interface PolicyQuestion {
  /** Undefined: anyPolicy. */
  readonly initial: ReadonlySet<string> | undefined;
  readonly explicit: boolean;
  readonly inhibitMapping: boolean;
  readonly inhibitAny: boolean;
}

/** DESIGN: real paths have up to four; every level more multiplies what junk can cost. */
const defaultMaxDepth = 8;

const purposeNames: ReadonlyMap<string, string> = new Map([
  ['serverAuth', oids.serverAuth],
  ['clientAuth', oids.clientAuth],
  ['codeSigning', '1.3.6.1.5.5.7.3.3'],
  ['emailProtection', '1.3.6.1.5.5.7.3.4'],
  ['timeStamping', '1.3.6.1.5.5.7.3.8'],
  ['OCSPSigning', '1.3.6.1.5.5.7.3.9']
]);
const dotted = /^[0-2](?:\.(?:0|[1-9][0-9]*))+$/;

/** Throws TypeError for values that are not of the types of `PathInput`; octets are not looked at. */
export function readInput(input: PathInput): Question {
  demand(typeof input === 'object' && input !== null, 'input');
  const { certificate, intermediates, anchors, crls, at, revocation, maxDepth = defaultMaxDepth } = input;
  const ocspResponses = input.ocspResponses ?? [];
  demand(isOctets(certificate), 'certificate');
  for (const [name, list] of Object.entries({ intermediates, crls, ocspResponses }))
    demand(Array.isArray(list) && list.every(isOctets), name);
  demand(
    Array.isArray(anchors) && anchors.every(anchor => isOctets(anchor) || isAnchorKey(anchor)),
    'anchors'
  );
  demand(at instanceof Date && !Number.isNaN(at.getTime()), 'at');
  demand(['none', 'leaf', 'chain'].includes(revocation), 'revocation');
  demand(isCount(maxDepth), 'maxDepth');
  const budgets = { ...defaultBudgets, ...definedOf(input.budgets ?? {}) };
  demand(Object.values(budgets).every(isCount), 'budgets');
  const purposes = listOf(input.extendedKeyUsage).map(name => purposeNames.get(name) ?? name);
  demand(purposes.every(isOid), 'extendedKeyUsage');
  const usages = listOf(input.keyUsage);
  demand(
    usages.every(usage => keyUsageNames.includes(usage)),
    'keyUsage'
  );
  const policy = readPolicy(input.policy ?? {});
  return {
    ...{ certificate, intermediates, anchors, crls, ocspResponses, at, revocation },
    ...{ purposes, usages, maxDepth, policy, budgets }
  };
}

function readPolicy(policy: PolicyInput): PolicyQuestion {
  demand(typeof policy === 'object', 'policy');
  const { initialPolicySet, explicitPolicy, inhibitMapping, inhibitAnyPolicy } = policy;
  if (initialPolicySet !== undefined)
    demand(Array.isArray(initialPolicySet) && initialPolicySet.every(isOid), 'initialPolicySet');
  for (const flag of [explicitPolicy, inhibitMapping, inhibitAnyPolicy])
    demand(flag === undefined || typeof flag === 'boolean', 'policy');
  const isAny = initialPolicySet === undefined || initialPolicySet.includes(oids.anyPolicy);
  return {
    initial: isAny ? undefined : new Set(initialPolicySet),
    explicit: explicitPolicy ?? false,
    inhibitMapping: inhibitMapping ?? false,
    inhibitAny: inhibitAnyPolicy ?? false
  };
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new TypeError(`verifyPath: ${what} is not what it must be`);
}

function isOctets(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

function isAnchorKey(value: unknown): value is AnchorKey {
  if (typeof value !== 'object' || value === null) return false;
  const { name, key, nameConstraints } = value as Partial<AnchorKey>;
  return isOctets(name) && isOctets(key) && (nameConstraints === undefined || isOctets(nameConstraints));
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function isOid(value: unknown): boolean {
  return typeof value === 'string' && dotted.test(value);
}

function listOf<T extends string>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : [...value];
}

function definedOf<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Partial<T>;
}
