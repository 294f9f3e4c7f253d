import { requestKindNames, type RequestFacts, type RequestKind } from '../../pki/request/index.js';
import type { RequestVerdict } from '../../ra/deps.js';

/**
 * A slice of requests, and the verdicts on it, as one buffer each way: a structured clone of a request's facts costs
 * more than reading the request. Both ends are threads of one program, so nothing is versioned and nothing distrusted.
 */
export interface UncheckedRequest {
  readonly bytes: Uint8Array;
  readonly kind: RequestKind;
}

const profiles = [
  'device-ds',
  'device-ka',
  'organisation-ds',
  'organisation-ka',
  'organisation-xml',
  'iki-client'
] as const satisfies readonly RequestFacts['profile'][];

const hashOctets = 32;

/** Which of the facts that not every request has are there, in the order in which they are packed. */
const has = {
  eui: 1,
  role: 2,
  hwType: 4,
  commonName: 8,
  organisation: 16,
  organisationalUnit: 32
} as const;

export function packRequests(requests: readonly UncheckedRequest[]): Uint8Array<ArrayBuffer> {
  let octets = 4;
  for (const { bytes } of requests) octets += 5 + bytes.length;
  // Not of the pool of small buffers: what is handed over must stand alone.
  const packed = Buffer.from(new ArrayBuffer(octets));
  let at = packed.writeUInt32LE(requests.length, 0);
  for (const { bytes, kind } of requests) {
    at = packed.writeUInt8(requestKindNames.indexOf(kind), at);
    at = packed.writeUInt32LE(bytes.length, at);
    packed.set(bytes, at);
    at += bytes.length;
  }
  return packed;
}

export function unpackRequests(packed: Uint8Array): UncheckedRequest[] {
  const reader = new Reader(packed);
  const requests: UncheckedRequest[] = [];
  for (let count = reader.u32(); count > 0; count--) {
    const kind = requestKindNames[reader.u8()] as RequestKind;
    requests.push({ kind, bytes: reader.octets(reader.u32()) });
  }
  return requests;
}

/** The verdicts, in a buffer that can be transferred. */
export function packVerdicts(verdicts: readonly RequestVerdict[]): Uint8Array<ArrayBuffer> {
  const writer = new Writer(4 + verdicts.length * 320);
  writer.u32(verdicts.length);
  for (const verdict of verdicts) {
    writer.u8(verdict.ok ? 1 : 0);
    if (!verdict.ok) {
      writer.text(verdict.rule);
      writer.text(verdict.code);
      writer.text(verdict.detail);
      continue;
    }
    packFacts(writer, verdict.facts);
  }
  return writer.finish();
}

/** The verdicts; octets are views of the packed slice, so what keeps one fact keeps its slice. */
export function unpackVerdicts(packed: Uint8Array): RequestVerdict[] {
  const reader = new Reader(packed);
  const verdicts: RequestVerdict[] = [];
  for (let count = reader.u32(); count > 0; count--) {
    if (reader.u8() === 1) verdicts.push({ ok: true, facts: unpackFacts(reader) });
    else {
      // The other end is our own worker, and these are the three it packed.
      const rule = reader.text() as Refusal['rule'];
      const code = reader.text() as Refusal['code'];
      verdicts.push({ ok: false, rule, code, detail: reader.text() });
    }
  }
  return verdicts;
}

type Refusal = Extract<RequestVerdict, { ok: false }>;

function packFacts(writer: Writer, facts: RequestFacts): void {
  const { eui, role, hwType, commonName, organisation, organisationalUnit } = facts;
  writer.u8(requestKindNames.indexOf(facts.kind));
  writer.u8(profiles.indexOf(facts.profile));
  writer.u8(facts.usage === 'DS' ? 0 : 1);
  writer.u8(
    (eui === undefined ? 0 : has.eui) |
      (role === undefined ? 0 : has.role) |
      (hwType === undefined ? 0 : has.hwType) |
      (commonName === undefined ? 0 : has.commonName) |
      (organisation === undefined ? 0 : has.organisation) |
      (organisationalUnit === undefined ? 0 : has.organisationalUnit)
  );
  if (eui !== undefined) writer.u64(eui);
  if (role !== undefined) writer.u32(role);
  if (hwType !== undefined) writer.text(hwType);
  if (commonName !== undefined) writer.text(commonName);
  if (organisation !== undefined) writer.text(organisation);
  if (organisationalUnit !== undefined) writer.text(organisationalUnit);
  writer.u32(facts.spki.length);
  writer.octets(facts.spki);
  writer.octets(facts.publicKeyHash);
  writer.octets(facts.requestHash);
  writer.u32(facts.notes.length);
  for (const note of facts.notes) writer.text(note);
}

function unpackFacts(reader: Reader): RequestFacts {
  const kind = requestKindNames[reader.u8()] as RequestFacts['kind'];
  const profile = profiles[reader.u8()] as RequestFacts['profile'];
  const usage = reader.u8() === 0 ? 'DS' : 'KA';
  const present = reader.u8();
  const optional: { -readonly [name in keyof typeof has]?: NonNullable<RequestFacts[name]> } = {};
  if ((present & has.eui) !== 0) optional.eui = reader.u64();
  if ((present & has.role) !== 0) optional.role = reader.u32();
  if ((present & has.hwType) !== 0) optional.hwType = reader.text();
  if ((present & has.commonName) !== 0) optional.commonName = reader.text();
  if ((present & has.organisation) !== 0) optional.organisation = reader.text();
  if ((present & has.organisationalUnit) !== 0) optional.organisationalUnit = reader.text();
  return {
    kind,
    profile,
    usage,
    ...optional,
    spki: reader.octets(reader.u32()),
    publicKeyHash: reader.octets(hashOctets),
    requestHash: reader.octets(hashOctets),
    notes: reader.texts()
  };
}

class Writer {
  #buffer: Buffer<ArrayBuffer>;
  #at = 0;

  constructor(octets: number) {
    this.#buffer = Buffer.from(new ArrayBuffer(octets));
  }

  u8(value: number): void {
    this.#room(1);
    this.#at = this.#buffer.writeUInt8(value, this.#at);
  }

  u32(value: number): void {
    this.#room(4);
    this.#at = this.#buffer.writeUInt32LE(value, this.#at);
  }

  u64(value: bigint): void {
    this.#room(8);
    this.#at = this.#buffer.writeBigUInt64LE(value, this.#at);
  }

  octets(octets: Uint8Array): void {
    this.#room(octets.length);
    this.#buffer.set(octets, this.#at);
    this.#at += octets.length;
  }

  text(text: string): void {
    const octets = Buffer.byteLength(text);
    this.u32(octets);
    this.#room(octets);
    this.#at += this.#buffer.write(text, this.#at, octets, 'utf8');
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#at);
  }

  #room(octets: number): void {
    if (this.#at + octets <= this.#buffer.length) return;
    const grown = Buffer.from(new ArrayBuffer(Math.max(this.#at + octets, this.#buffer.length * 2)));
    this.#buffer.copy(grown, 0, 0, this.#at);
    this.#buffer = grown;
  }
}

class Reader {
  readonly #buffer: Buffer;
  readonly #octets: Uint8Array;
  #at = 0;

  constructor(octets: Uint8Array) {
    this.#octets = new Uint8Array(octets.buffer, octets.byteOffset, octets.length);
    this.#buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
  }

  u8(): number {
    const value = this.#buffer.readUInt8(this.#at);
    this.#at += 1;
    return value;
  }

  u32(): number {
    const value = this.#buffer.readUInt32LE(this.#at);
    this.#at += 4;
    return value;
  }

  u64(): bigint {
    const value = this.#buffer.readBigUInt64LE(this.#at);
    this.#at += 8;
    return value;
  }

  octets(count: number): Uint8Array {
    const octets = this.#octets.subarray(this.#at, this.#at + count);
    this.#at += count;
    return octets;
  }

  text(): string {
    const octets = this.u32();
    const text = this.#buffer.toString('utf8', this.#at, this.#at + octets);
    this.#at += octets;
    return text;
  }

  texts(): string[] {
    const texts: string[] = [];
    for (let count = this.u32(); count > 0; count--) texts.push(this.text());
    return texts;
  }
}
