import { createHash } from 'node:crypto';
import { eui64ToSigned, profiles, type ProfileName } from '../../pki/index.js';
import { PackingError } from './packed-items.js';

/** What became of a request of a batch: one octet each in `ra.batch_group.states`. */
export const itemStates = {
  open: 0,
  issued: 1,
  /** Refused by a check of the RA; never ordered. */
  refused: 2,
  /** Refused by the CA. */
  caRefused: 3,
  /** Given up after the CA answered with faults. */
  failed: 4
} as const;

/** What is known of a request when its group is decided. */
export interface ItemFacts {
  readonly id: string;
  /** 16 octets; zeros for a request that was refused before it had one. */
  readonly requestId: Uint8Array;
  /** SHA-256 of the octets received. */
  readonly requestHash: Uint8Array;
  /** SHA-256 of the SubjectPublicKeyInfo; absent where the request could not be read. */
  readonly publicKeyHash?: Uint8Array;
  readonly eui?: bigint;
  readonly profile?: ProfileName;
  /** Code of the refusal; absent for a request that is ordered. */
  readonly refusal?: string;
}

/** Version, number of items. */
const headOctets = 3;
const fixedOctets = 16 + 32 + 32 + 8 + 1 + 1;
const version = 1;

const profileNumbers = Object.keys(profiles) as ProfileName[];

/**
 * Facts of a group, packed: a table of the codes in use, then for each item identifier, hashes, EUI-64, profile and
 * refusal. One row of a group instead of one row a request: at 50,000 requests a batch, rows and their indexes would
 * cost more than all the checks.
 */
export function packFacts(items: readonly ItemFacts[]): Buffer {
  const codes = new CodeTable();
  const ids = items.map(({ id }) => Buffer.from(id, 'utf8'));
  const refusals = items.map(({ refusal }) => (refusal === undefined ? 0 : codes.number(refusal)));
  const table = codes.packed();
  let length = headOctets + table.length;
  for (const id of ids) length += fixedOctets + 2 + id.length;
  const packed = Buffer.alloc(length);
  let at = packed.writeUInt16BE(items.length, packed.writeUInt8(version, 0));
  at += table.copy(packed, at);
  for (const [index, item] of items.entries()) {
    packed.set(item.requestId, at);
    packed.set(item.requestHash, at + 16);
    if (item.publicKeyHash !== undefined) packed.set(item.publicKeyHash, at + 48);
    if (item.eui !== undefined) packed.writeBigInt64BE(eui64ToSigned(item.eui), at + 80);
    packed.writeUInt8(item.profile === undefined ? 0 : profileNumbers.indexOf(item.profile) + 1, at + 88);
    at = packed.writeUInt8(refusals[index] ?? 0, at + 89);
    const id = ids[index] as Buffer;
    at = packed.writeUInt16BE(id.length, at);
    at += id.copy(packed, at);
  }
  return packed;
}

/** The facts of a group as they lie; an item is read where it stands. */
export class GroupFacts {
  readonly #packed: Buffer;
  readonly #codes: readonly string[];
  readonly #starts: Uint32Array;

  constructor(packed: Buffer) {
    this.#packed = packed;
    if (packed.length < headOctets || packed.readUInt8(0) !== version)
      throw new PackingError('facts of a group');
    const count = packed.readUInt16BE(1);
    const { codes, next } = unpackCodes(packed, headOctets);
    this.#codes = codes;
    this.#starts = new Uint32Array(count);
    let at = next;
    for (let index = 0; index < count; index += 1) {
      this.#starts[index] = at;
      at += fixedOctets + 2;
      if (at > packed.length) throw new PackingError('facts that are cut short');
      at += packed.readUInt16BE(at - 2);
    }
    if (at !== packed.length) throw new PackingError('facts of another length');
  }

  get count(): number {
    return this.#starts.length;
  }

  id(index: number): string {
    const at = this.#start(index) + fixedOctets;
    return this.#packed.toString('utf8', at + 2, at + 2 + this.#packed.readUInt16BE(at));
  }

  requestId(index: number): Buffer {
    return this.#field(index, 0, 16);
  }

  requestHash(index: number): Buffer {
    return this.#field(index, 16, 32);
  }

  publicKeyHash(index: number): Buffer {
    return this.#field(index, 48, 32);
  }

  /** EUI-64 as a signed integer, as the database has it. */
  signedEui(index: number): bigint {
    return this.#packed.readBigInt64BE(this.#start(index) + 80);
  }

  profile(index: number): ProfileName | undefined {
    return profileNumbers[this.#packed.readUInt8(this.#start(index) + 88) - 1];
  }

  refusal(index: number): string | undefined {
    return this.#codes[this.#packed.readUInt8(this.#start(index) + 89) - 1];
  }

  #field(index: number, from: number, length: number): Buffer {
    const at = this.#start(index) + from;
    return this.#packed.subarray(at, at + length);
  }

  #start(index: number): number {
    const start = this.#starts[index];
    if (start === undefined) throw new RangeError(`no item ${index} in the group`);
    return start;
  }
}

/** What the CA said of each item: its certificate, or the code of its refusal. */
export class GroupResults {
  readonly certificates: (Uint8Array | undefined)[];
  readonly codes: (string | undefined)[];

  constructor(count: number, packed?: Buffer | null) {
    this.certificates = new Array<Uint8Array | undefined>(count).fill(undefined);
    this.codes = new Array<string | undefined>(count).fill(undefined);
    if (packed !== undefined && packed !== null) this.#read(packed, count);
  }

  pack(): Buffer {
    const table = new CodeTable();
    const numbers = this.codes.map(code => (code === undefined ? 0 : table.number(code)));
    const codes = table.packed();
    let length = headOctets + codes.length;
    for (const certificate of this.certificates) length += 3 + (certificate?.length ?? 0);
    const packed = Buffer.allocUnsafe(length);
    let at = packed.writeUInt16BE(this.certificates.length, packed.writeUInt8(version, 0));
    at += codes.copy(packed, at);
    for (const [index, certificate] of this.certificates.entries()) {
      at = packed.writeUInt8(numbers[index] ?? 0, at);
      at = packed.writeUInt16BE(certificate?.length ?? 0, at);
      if (certificate === undefined) continue;
      packed.set(certificate, at);
      at += certificate.length;
    }
    return packed;
  }

  #read(packed: Buffer, count: number): void {
    if (packed.length < headOctets || packed.readUInt8(0) !== version || packed.readUInt16BE(1) !== count)
      throw new PackingError('results of a group');
    const { codes, next } = unpackCodes(packed, headOctets);
    let at = next;
    for (let index = 0; index < count; index += 1) {
      if (at + 3 > packed.length) throw new PackingError('results that are cut short');
      this.codes[index] = codes[packed.readUInt8(at) - 1];
      const length = packed.readUInt16BE(at + 1);
      at += 3;
      if (length > 0) this.certificates[index] = packed.subarray(at, at + length);
      at += length;
    }
    if (at !== packed.length) throw new PackingError('results of another length');
  }
}

export function sha256Hex(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex');
}

/** Codes in the order in which they came, numbered from 1; a group has a handful. */
class CodeTable {
  readonly #numbers = new Map<string, number>();

  number(code: string): number {
    const known = this.#numbers.get(code);
    if (known !== undefined) return known;
    const next = this.#numbers.size + 1;
    if (next > 255) throw new RangeError('more codes than a group can name');
    this.#numbers.set(code, next);
    return next;
  }

  packed(): Buffer {
    const parts = [Buffer.from([this.#numbers.size])];
    for (const code of this.#numbers.keys()) {
      const text = Buffer.from(code, 'utf8');
      parts.push(Buffer.from([text.length]), text);
    }
    return Buffer.concat(parts);
  }
}

function unpackCodes(packed: Buffer, start: number): { codes: string[]; next: number } {
  const codes: string[] = [];
  let at = start + 1;
  for (let left = packed.readUInt8(start); left > 0; left -= 1) {
    const length = packed.readUInt8(at);
    codes.push(packed.toString('utf8', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { codes, next: at };
}
