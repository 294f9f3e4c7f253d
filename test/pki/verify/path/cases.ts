/** What the case tables of path validation are written with. */
import type { AnchorKey, PathInput } from '../../../../pki/verify/path/verify-path.js';
import {
  anchor,
  endEntity,
  intermediate,
  testMoment,
  type Entity,
  type EntityChanges,
  type KeyKind,
  type RuleCase,
  type RuleCases
} from '../../../kit/pki/index.js';

export interface PathCase extends RuleCase {
  readonly input: (kind: KeyKind) => PathInput;
}
export type PathRule = RuleCases<PathCase>;

/** What differs from a conforming chain of anchor, CA and end entity. */
export interface ChainChanges {
  readonly anchor?: EntityChanges;
  readonly ca?: EntityChanges;
  readonly leaf?: EntityChanges;
  readonly leafName?: string;
  readonly caName?: string;
  readonly question?: Partial<PathInput>;
}

/** Anchor, one CA, end entity: all conforming but for the changes. */
export function chain(changes: ChainChanges = {}): (kind: KeyKind) => PathInput {
  return kind => {
    const top = anchor('O=Path, CN=Anchor', { kind, ...changes.anchor });
    const ca = intermediate(top, changes.caName ?? 'O=Path, CN=CA', { kind, ...changes.ca });
    const leaf = endEntity(ca, changes.leafName ?? 'O=Path, CN=End Entity', { kind, ...changes.leaf });
    return { ...question(leaf, [ca], [top]), ...changes.question };
  };
}

/** Whether `leaf` is valid under these anchors, revocation not asked. */
export function question(
  leaf: Entity,
  between: readonly Entity[],
  anchors: readonly (Entity | AnchorKey)[]
): PathInput {
  return {
    certificate: leaf.der,
    intermediates: between.map(({ der }) => der),
    anchors: anchors.map(one => ('der' in one ? one.der : one)),
    crls: [],
    at: testMoment,
    revocation: 'none'
  };
}

export function path(title: string, expect: string, changes: ChainChanges): PathCase {
  return { title, expect, input: chain(changes) };
}
