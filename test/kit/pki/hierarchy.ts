/** A straight chain of any length, of which one certificate differs. */
import { anchor, endEntity, intermediate, testMoment, type Entity, type EntityChanges } from './entity.js';
import type { KeyKind } from './keys.js';

export interface HierarchyOptions {
  /** Intermediates between anchor and end entity; default 1. */
  readonly intermediates?: number;
  readonly kind?: KeyKind;
  /** What differs, by place: `anchor`, `leaf`, or the intermediate's number, 0 next to the anchor. */
  readonly changes?: Readonly<Record<string, EntityChanges>>;
  /** Distinguishes the names, and so the keys, of several hierarchies in one test. */
  readonly label?: string;
}

export interface Hierarchy {
  readonly anchor: Entity;
  /** From the anchor down. */
  readonly intermediates: readonly Entity[];
  readonly leaf: Entity;
}

export function hierarchy(options: HierarchyOptions = {}): Hierarchy {
  const { intermediates: count = 1, kind = 'P-256', label = 'T', changes = {} } = options;
  const top = anchor(`O=${label}, CN=Anchor`, { kind, ...changes['anchor'] });
  const between: Entity[] = [];
  for (let i = 0; i < count; i++)
    between.push(
      intermediate(between.at(-1) ?? top, `O=${label}, CN=Intermediate ${i}`, { kind, ...changes[i] })
    );
  const leaf = endEntity(between.at(-1) ?? top, `O=${label}, CN=End Entity`, { kind, ...changes['leaf'] });
  return { anchor: top, intermediates: between, leaf };
}

/** Whether the end entity is valid at the moment inside every default validity, revocation not asked: a path's input. */
export function questionOf(made: Hierarchy) {
  return {
    certificate: made.leaf.der,
    intermediates: made.intermediates.map(({ der }) => der),
    anchors: [made.anchor.der],
    crls: [] as readonly Uint8Array[],
    at: testMoment,
    revocation: 'none' as const
  };
}
