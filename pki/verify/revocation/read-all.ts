import { failureOf, type RevocationFailure } from './error.js';

/** Reads what can be read of many; one that is damaged says nothing and does not stand in the way of the others. */
export function readAll<T>(
  all: readonly Uint8Array[],
  read: (der: Uint8Array) => T
): { readonly good: readonly T[]; readonly failures: readonly RevocationFailure[] } {
  const good: T[] = [];
  const failures: RevocationFailure[] = [];
  for (const der of all)
    try {
      good.push(read(der));
    } catch (error) {
      failures.push(failureOf(error));
    }
  return { good, failures };
}
