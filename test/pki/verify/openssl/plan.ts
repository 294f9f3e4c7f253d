/** A chain before it is made: conforming, until variations change it. */
import type { PathInput } from '../../../../pki/verify/path/verify-path.js';
import {
  hierarchy,
  testMoment,
  type EntityChanges,
  type Hierarchy,
  type KeyKind
} from '../../../kit/pki/index.js';
import type { Random } from './random.js';

/** `anchor`, `leaf`, or the number of an intermediate, 0 next to the anchor. */
export type Place = 'anchor' | 'leaf' | number;

/** What both verifiers are handed. */
export interface Given {
  readonly certificate: Uint8Array;
  readonly intermediates: readonly Uint8Array[];
  readonly anchors: readonly Uint8Array[];
}

/** The purposes that OpenSSL's command line and RFC 5280 4.2.1.12 both have a name for. */
export type Purpose = 'serverAuth' | 'clientAuth' | 'emailProtection';

export interface Plan {
  readonly label: string;
  readonly kind: KeyKind;
  intermediates: number;
  readonly changes: Map<Place, EntityChanges>;
  /** Done to what is handed over, after the chain is made. */
  readonly rearrangements: ((given: Given, made: Hierarchy) => Given)[];
  at: Date;
  purpose: Purpose | undefined;
  policy: PathInput['policy'] | undefined;
}

/** One property that differs from a conforming chain; whether that makes it bad is for the verifiers to say. */
export interface Variation {
  /** Unique, kebab-case: the key of the table of disagreements. */
  readonly rule: string;
  /** Never one of a pair: it leaves others without the kind of key they are written for. */
  readonly alone?: true;
  readonly apply: (plan: Plan, random: Random) => void;
}

export function newPlan(label: string, kind: KeyKind, intermediates: number): Plan {
  return {
    label,
    kind,
    intermediates,
    changes: new Map(),
    rearrangements: [],
    at: testMoment,
    purpose: undefined,
    policy: undefined
  };
}

/** Adds changes to those a place already has. */
export function change(plan: Plan, place: Place, changes: EntityChanges): void {
  const before = plan.changes.get(place) ?? {};
  plan.changes.set(place, {
    ...before,
    ...changes,
    ...merged('extensions', before, changes),
    ...merged('raw', before, changes),
    moreExtensions: [...(before.moreExtensions ?? []), ...(changes.moreExtensions ?? [])]
  });
}

function merged(field: 'extensions' | 'raw', before: EntityChanges, changes: EntityChanges): EntityChanges {
  if (before[field] === undefined && changes[field] === undefined) return {};
  return { [field]: { ...before[field], ...changes[field] } };
}

/** Any intermediate of the plan. */
export function someAuthority(plan: Plan, random: Random): number {
  return random.int(plan.intermediates);
}

/** The intermediate that issues the end entity. */
export function lastAuthority(plan: Plan): number {
  return plan.intermediates - 1;
}

export interface GeneratedChain extends Given {
  readonly seed: number;
  readonly rules: readonly string[];
  readonly at: Date;
  readonly purpose: Purpose | undefined;
  readonly policy: PathInput['policy'] | undefined;
}

export function make(plan: Plan, seed: number, rules: readonly string[]): GeneratedChain {
  const { label, kind, intermediates } = plan;
  const changes: Readonly<Record<string, EntityChanges>> = Object.fromEntries(plan.changes);
  const made = hierarchy({ intermediates, kind, label, changes });
  const straight: Given = {
    certificate: made.leaf.der,
    intermediates: made.intermediates.map(({ der }) => der),
    anchors: [made.anchor.der]
  };
  const given = plan.rearrangements.reduce((so, rearrange) => rearrange(so, made), straight);
  return { ...given, seed, rules, at: plan.at, purpose: plan.purpose, policy: plan.policy };
}
