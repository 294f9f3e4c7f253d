/** What a hostile hand does that knows DER: changes of the tree whose lengths come out right again. */
import fc from 'fast-check';
import { tlv } from '../../../../pki/der/index.js';
import { concat, longLengthTlv } from '../../../kit/ber.js';

interface Node {
  tag: number;
  /** Content of a primitive value that holds no DER. */
  content: Uint8Array;
  /** Members of a constructed value, or the one value inside an OCTET STRING or BIT STRING. */
  members: Node[] | undefined;
  /** Octets of a string before the value inside: none, or the count of unused bits. */
  readonly before: Uint8Array;
  /** Length octets beyond what is needed: BER. */
  longer: number;
}

export interface TreeMutation {
  readonly kind:
    'drop' | 'double' | 'swap' | 'replace' | 'retag' | 'refill' | 'nest' | 'empty' | 'lengthen' | 'many';
  /** Which value, and which other; taken modulo how many there are. */
  readonly at: number;
  readonly other: number;
  readonly tag: number;
  readonly filling: Uint8Array;
}

/** Contents that mean trouble to somebody: control characters, markup, escapes, names of object members, huge numbers. */
const troublesome: readonly Uint8Array[] = [
  '',
  '\0',
  '\r\nlevel=50 msg=forged',
  '\u001b[2J\u001b]0;owned\u0007',
  '__proto__',
  'constructor',
  'toString',
  '{"__proto__":{"valid":true}}',
  '%s%s%n${7*7}{{7*7}}',
  '<script>alert(1)</script>',
  "' OR 1=1 --",
  '\u202egnp.exe',
  '*.example',
  '..',
  '.',
  'a@b@c',
  'https://[::1',
  'xn--a'
]
  .map(text => Uint8Array.from(Buffer.from(text, 'utf8')))
  .concat([
    new Uint8Array(300).fill(0x41),
    new Uint8Array(64).fill(0xff),
    Uint8Array.of(0x00),
    Uint8Array.of(0x80),
    Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0x55, 0x1d, 0x20, 0x00),
    Uint8Array.of(0xff, 0xfe, 0xfd),
    Uint8Array.from(Buffer.from('20260230250000Z')),
    Uint8Array.from(Buffer.from('99991231235959Z'))
  ]);

const usefulTags = [
  0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1e, 0x30, 0x31, 0x80,
  0x81, 0x82, 0x86, 0x87, 0x88, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4
] as const;

export const treeMutation: fc.Arbitrary<TreeMutation> = fc.record({
  kind: fc.constantFrom(
    'drop',
    'double',
    'swap',
    'replace',
    'retag',
    'refill',
    'refill',
    'nest',
    'empty',
    'lengthen',
    'many'
  ),
  at: fc.nat(),
  other: fc.nat(),
  tag: fc.constantFrom(...usefulTags),
  filling: fc.oneof(
    fc.constantFrom(...troublesome),
    fc.array(fc.nat(255), { maxLength: 12 }).map(list => Uint8Array.from(list))
  )
});

/** `der` with the mutations done one after another; `der` itself must be DER. */
export function mutateTree(der: Uint8Array, mutations: readonly TreeMutation[]): Uint8Array {
  const root = treeOf(der);
  if (root === undefined) return der;
  for (const mutation of mutations) mutate(root, mutation);
  return encode(root);
}

function mutate(root: Node, { kind, at, other, tag, filling }: TreeMutation): void {
  const all = [...below(root)];
  const node = all[at % all.length];
  const second = all[other % all.length];
  if (node === undefined || second === undefined) return;
  const parent = all.find(({ members }) => members?.includes(node));
  const siblings = parent?.members;
  const place = siblings?.indexOf(node) ?? -1;
  switch (kind) {
    case 'drop':
      siblings?.splice(place, 1);
      return;
    case 'double':
      siblings?.splice(place, 0, copyOf(node));
      return;
    case 'swap':
      if (siblings !== undefined) siblings.push(...siblings.splice(place, 1));
      return;
    case 'replace':
      siblings?.splice(place, 1, copyOf(second));
      return;
    case 'retag':
      node.tag = tag;
      return;
    case 'refill':
      node.members = undefined;
      node.content = filling;
      return;
    case 'nest':
      siblings?.splice(place, 1, {
        tag: tag | 0x20,
        content: filling,
        members: [copyOf(node)],
        before: new Uint8Array(),
        longer: 0
      });
      return;
    case 'empty':
      node.members = node.members === undefined ? undefined : [];
      node.content = new Uint8Array();
      return;
    case 'lengthen':
      node.longer = 1 + (other % 2);
      return;
    case 'many':
      siblings?.splice(place, 0, ...Array.from({ length: 2 + (other % 40) }, () => copyOf(node)));
      return;
  }
}

function* below(node: Node): Generator<Node> {
  yield node;
  for (const member of node.members ?? []) yield* below(member);
}

function copyOf(node: Node): Node {
  return { ...node, members: node.members?.map(copyOf) };
}

function encode(node: Node): Uint8Array {
  const content =
    node.members === undefined ? node.content : concat(node.before, ...node.members.map(encode));
  if (node.longer === 0) return tlv(node.tag, content);
  const needed = content.length < 0x80 ? 0 : content.length < 0x100 ? 1 : content.length < 0x1_0000 ? 2 : 3;
  return longLengthTlv(node.tag, content, needed + node.longer);
}

/** The one value that `der` is, strings that hold DER opened; undefined when it is not one. */
function treeOf(der: Uint8Array): Node | undefined {
  const [node, ...others] = membersOf(der) ?? [];
  return others.length === 0 ? node : undefined;
}

function membersOf(der: Uint8Array): Node[] | undefined {
  const nodes: Node[] = [];
  for (let at = 0; at < der.length;) {
    const head = headAt(der, at);
    if (head === undefined) return undefined;
    nodes.push(nodeOf(der[at] as number, der.subarray(head.start, head.end)));
    at = head.end;
  }
  return nodes;
}

function headAt(der: Uint8Array, at: number): { readonly start: number; readonly end: number } | undefined {
  const first = der[at + 1];
  if (first === undefined || ((der[at] as number) & 0x1f) === 0x1f || first === 0x80 || first > 0x84)
    return undefined;
  const count = first < 0x80 ? 0 : first - 0x80;
  let length = count === 0 ? first : 0;
  for (let i = 0; i < count; i++) length = length * 256 + (der[at + 2 + i] ?? 0);
  const start = at + 2 + count;
  return start + length > der.length ? undefined : { start, end: start + length };
}

function nodeOf(tag: number, content: Uint8Array): Node {
  const plain: Node = { tag, content, members: undefined, before: new Uint8Array(), longer: 0 };
  if ((tag & 0x20) !== 0) return { ...plain, members: membersOf(content) };
  // Extension values and keys: strings whose octets are one constructed value.
  const skip = tag === 0x03 ? 1 : tag === 0x04 ? 0 : undefined;
  if (skip === undefined || content[skip] !== 0x30) return plain;
  const inside = treeOf(content.subarray(skip));
  return inside === undefined ? plain : { ...plain, members: [inside], before: content.subarray(0, skip) };
}
