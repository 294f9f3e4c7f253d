/** A list or a response with octets changed inside what is signed, and signed again: damaged by who may sign. */
import { assemble, type Entity } from '../../../kit/pki/index.js';
import { replaceAt, valueAt } from '../../../kit/der-surgery.js';

/** @param path child indices inside tbsCertList */
export function resigned(
  list: Uint8Array,
  signer: Pick<Entity, 'key'>,
  path: readonly number[],
  becomes: Uint8Array
): Uint8Array {
  return assemble(replaceAt(valueAt(list, [0]), path, becomes), { signer: signer.key });
}

/** Places of tbsCertList in a list with entries. */
export const listPlaces = {
  version: [0],
  algorithm: [1],
  issuer: [2],
  thisUpdate: [3],
  nextUpdate: [4],
  entries: [5],
  firstEntry: [5, 0],
  extensions: [6]
} as const;
