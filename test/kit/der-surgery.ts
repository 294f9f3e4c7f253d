/** Changes one value inside DER, whatever the result: for tests of what must be refused. */
import { DerReader, tlv } from '../../pki/der/index.js';

function childrenOf(der: Uint8Array): { readonly tag: number; readonly children: Uint8Array[] } {
  const outer = DerReader.over(der, 'value');
  const value = outer.any('value');
  const inside = outer.inside(value, 'value');
  const children: Uint8Array[] = [];
  while (!inside.done) children.push(inside.any('child').der);
  return { tag: value.tag, children };
}

/** The value at the child indices of `path`. */
export function valueAt(der: Uint8Array, path: readonly number[]): Uint8Array {
  const [index, ...rest] = path;
  if (index === undefined) return der;
  const child = childrenOf(der).children[index];
  if (!child) throw new RangeError(`no child ${index}`);
  return valueAt(child, rest);
}

/** `der` with the value at `path` replaced by any octets; the lengths around it are made right. */
export function replaceAt(der: Uint8Array, path: readonly number[], becomes: Uint8Array): Uint8Array {
  const [index, ...rest] = path;
  if (index === undefined) return becomes;
  const { tag, children } = childrenOf(der);
  const child = children[index];
  if (!child) throw new RangeError(`no child ${index}`);
  children[index] = replaceAt(child, rest, becomes);
  return tlv(tag, ...children);
}

export function fromHex(hex: string): Uint8Array {
  return Buffer.from(hex.replace(/\s/g, ''), 'hex');
}
