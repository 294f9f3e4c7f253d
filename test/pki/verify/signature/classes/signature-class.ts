/** The shape of the tables of malformed and extreme signatures: from them the counts are printed. */
import type { SignatureInput } from '../../../../../pki/verify/index.js';

/** Signatures that differ from a good one in one property, all with one answer. */
export interface SignatureClass {
  /** What differs, as a rule: `INTEGERs are minimal`. */
  readonly rule: string;
  readonly clause: string;
  readonly expect: 'valid' | 'refused';
  /** Made when they are asked for: to list the rules costs nothing. The same ones each time. */
  readonly cases: () => readonly SignatureCase[];
}

export interface SignatureCase {
  readonly title: string;
  readonly input: SignatureInput;
}

/** Collects cases under the title of what they differ in. */
export function casesOf(
  base: SignatureInput,
  signatures: Readonly<Record<string, Uint8Array>>
): SignatureCase[] {
  return Object.entries(signatures).map(([title, signature]) => ({ title, input: { ...base, signature } }));
}

/** Made once. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Classes of one rule made one. */
export function merged(classes: readonly SignatureClass[]): SignatureClass[] {
  const byRule = new Map<string, SignatureClass[]>();
  for (const one of classes) {
    const same = byRule.get(one.rule);
    if (same === undefined) byRule.set(one.rule, [one]);
    else same.push(one);
  }
  return [...byRule.values()].flatMap(same =>
    same.slice(0, 1).map(first => ({ ...first, cases: once(() => same.flatMap(({ cases }) => cases())) }))
  );
}
