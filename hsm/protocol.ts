/** What the client and the signer process say to each other, and how it is written in frames. */
import { HsmError, type HsmErrorCode } from './errors.js';
import { FrameError, FrameReader, FrameWriter } from './frame.js';
import type { KeyAlgorithm, KeyPurpose, Lane, PublicKey, SignOutcome, SignRequest } from './signer.js';

/** How the signer process calls C_Sign. */
export type Calls =
  /** One call after another: least work on a token that lies beside the process, as SoftHSM does. */
  | 'blocking'
  /** As many at once as there are sessions: for tokens that are reached over a network. */
  | 'parallel';

/** Everything the signer process is told; nothing stands in its arguments or its environment. */
export interface StartMessage {
  readonly kind: 'start';
  /** Path of the PKCS#11 module. */
  readonly module: string;
  readonly tokenLabel: string;
  /** The signer process reads the PIN from here itself, at each login. */
  readonly pinFile: string;
  /** Exists from before a login until its result is known not to be a refused PIN. */
  readonly latchFile: string;
  readonly permitSecret: Uint8Array;
  readonly sessions: number;
  readonly calls: Calls;
  readonly healthKey: string | undefined;
  readonly allowGenerate: boolean;
}

export type ToSigner =
  | StartMessage
  | {
      readonly kind: 'sign';
      readonly id: number;
      readonly lane: Lane;
      readonly requests: readonly SignRequest[];
    }
  | { readonly kind: 'public-key'; readonly id: number; readonly label: string }
  | {
      readonly kind: 'generate';
      readonly id: number;
      readonly label: string;
      readonly algorithm: KeyAlgorithm;
    }
  | { readonly kind: 'ping'; readonly id: number }
  | { readonly kind: 'close' };

/** How the signer process is; sent once per change. */
export interface StateMessage {
  readonly kind: 'state';
  readonly ready: boolean;
  readonly sessions: number;
  readonly manufacturer: string;
  /** What requests are refused with while it is not ready. */
  readonly problem: HsmErrorCode | undefined;
  readonly reason: string;
}

export type FromSigner =
  | StateMessage
  | { readonly kind: 'outcomes'; readonly id: number; readonly outcomes: readonly SignOutcome[] }
  | { readonly kind: 'public-key'; readonly id: number; readonly key: PublicKey }
  | { readonly kind: 'error'; readonly id: number; readonly error: HsmError }
  | { readonly kind: 'pong'; readonly id: number };

/** Closed sets as octets: a record, so that a new member does not compile without its octet. */
const lanes = closedSet<Lane>({ adhoc: 0, batch: 1 });
const calls = closedSet<Calls>({ blocking: 0, parallel: 1 });
const algorithms = closedSet<KeyAlgorithm>({ 'P-256': 0, 'RSA-2048': 1 });
const purposes = closedSet<KeyPurpose>({ certificate: 0, crl: 1, statement: 2, health: 3 });
const toSignerKinds = closedSet<ToSigner['kind']>({
  start: 0,
  sign: 1,
  'public-key': 2,
  generate: 3,
  ping: 4,
  close: 5
});
const fromSignerKinds = closedSet<FromSigner['kind']>({
  state: 0,
  outcomes: 1,
  'public-key': 2,
  error: 3,
  pong: 4
});
const errorCodes = closedSet<HsmErrorCode>({
  'hsm/unavailable': 1,
  'hsm/busy': 2,
  'hsm/outcome-unknown': 3,
  'hsm/permit': 4,
  'hsm/key-not-found': 5,
  'hsm/key-exists': 6,
  'hsm/pin': 7,
  'hsm/pin-latched': 8,
  'hsm/key-attributes': 9,
  'hsm/failed': 10,
  'hsm/request': 11
});

/** Octets of a request's fields beside its data: lengths, a label as it is usual, permit. */
const requestOctets = 160;
/** Octets of an outcome with the signature of a CA's key. */
const outcomeOctets = 72;

export function encodeToSigner(message: ToSigner): Buffer {
  const octets =
    message.kind === 'sign'
      ? message.requests.reduce((sum, { data }) => sum + data.length + requestOctets, 16)
      : undefined;
  const frame = new FrameWriter(octets).u8(toSignerKinds.octet(message.kind));
  switch (message.kind) {
    case 'start':
      frame.text(message.module).text(message.tokenLabel).text(message.pinFile).text(message.latchFile);
      frame.bytes(message.permitSecret).u32(message.sessions).u8(calls.octet(message.calls));
      return frame
        .text(message.healthKey ?? '')
        .u8(message.allowGenerate ? 1 : 0)
        .end();
    case 'sign':
      frame.u32(message.id).u8(lanes.octet(message.lane)).u32(message.requests.length);
      for (const { key, purpose, data, permit } of message.requests) {
        frame.text(key).u8(purposes.octet(purpose)).bytes(data).bytes(permit.id).bytes(permit.mac);
      }
      return frame.end();
    case 'public-key':
      return frame.u32(message.id).text(message.label).end();
    case 'generate':
      return frame.u32(message.id).text(message.label).u8(algorithms.octet(message.algorithm)).end();
    case 'ping':
      return frame.u32(message.id).end();
    case 'close':
      return frame.end();
  }
}

/** Throws `FrameError` when the octets are not exactly one message. */
export function decodeToSigner(octets: Buffer): ToSigner {
  return decode(octets, (frame): ToSigner => {
    const kind = toSignerKinds.member(frame.u8());
    switch (kind) {
      case 'start':
        return {
          kind,
          module: frame.text(),
          tokenLabel: frame.text(),
          pinFile: frame.text(),
          latchFile: frame.text(),
          permitSecret: Uint8Array.from(frame.bytes()),
          sessions: frame.u32(),
          calls: calls.member(frame.u8()),
          healthKey: frame.text() || undefined,
          allowGenerate: readBoolean(frame)
        };
      case 'sign': {
        const id = frame.u32();
        const lane = lanes.member(frame.u8());
        const count = frame.u32();
        const requests: SignRequest[] = [];
        while (requests.length < count) {
          requests.push({
            key: frame.text(),
            purpose: purposes.member(frame.u8()),
            data: frame.bytes(),
            permit: { id: frame.bytes(), mac: frame.bytes() }
          });
        }
        return { kind, id, lane, requests };
      }
      case 'public-key':
        return { kind, id: frame.u32(), label: frame.text() };
      case 'generate':
        return { kind, id: frame.u32(), label: frame.text(), algorithm: algorithms.member(frame.u8()) };
      case 'ping':
        return { kind, id: frame.u32() };
      case 'close':
        return { kind };
    }
  });
}

export function encodeFromSigner(message: FromSigner): Buffer {
  const octets = message.kind === 'outcomes' ? 16 + message.outcomes.length * outcomeOctets : undefined;
  const frame = new FrameWriter(octets).u8(fromSignerKinds.octet(message.kind));
  switch (message.kind) {
    case 'state':
      frame
        .u8(message.ready ? 1 : 0)
        .u32(message.sessions)
        .text(message.manufacturer);
      return frame
        .u8(message.problem === undefined ? 0 : errorCodes.octet(message.problem))
        .text(message.reason)
        .end();
    case 'outcomes':
      frame.u32(message.id).u32(message.outcomes.length);
      for (const outcome of message.outcomes) {
        if (outcome.ok) frame.u8(1).bytes(outcome.signature);
        else writeError(frame.u8(0), outcome.error);
      }
      return frame.end();
    case 'public-key':
      frame.u32(message.id).text(message.key.label).u8(algorithms.octet(message.key.algorithm));
      return frame.bytes(message.key.spki).end();
    case 'error':
      return writeError(frame.u32(message.id), message.error).end();
    case 'pong':
      return frame.u32(message.id).end();
  }
}

/** Throws `FrameError` when the octets are not exactly one message. */
export function decodeFromSigner(octets: Buffer): FromSigner {
  return decode(octets, (frame): FromSigner => {
    const kind = fromSignerKinds.member(frame.u8());
    switch (kind) {
      case 'state': {
        const ready = readBoolean(frame);
        const sessions = frame.u32();
        const manufacturer = frame.text();
        const problem = frame.u8();
        const code = problem === 0 ? undefined : errorCodes.member(problem);
        return { kind, ready, sessions, manufacturer, problem: code, reason: frame.text() };
      }
      case 'outcomes': {
        const id = frame.u32();
        const count = frame.u32();
        const outcomes: SignOutcome[] = [];
        while (outcomes.length < count) {
          if (readBoolean(frame)) outcomes.push({ ok: true, signature: new Uint8Array(frame.bytes()) });
          else outcomes.push({ ok: false, error: readError(frame) });
        }
        return { kind, id, outcomes };
      }
      case 'public-key': {
        const id = frame.u32();
        const label = frame.text();
        const algorithm = algorithms.member(frame.u8());
        return { kind, id, key: { label, algorithm, spki: Uint8Array.from(frame.bytes()) } };
      }
      case 'error':
        return { kind, id: frame.u32(), error: readError(frame) };
      case 'pong':
        return { kind, id: frame.u32() };
    }
  });
}

function decode<Message>(octets: Buffer, read: (frame: FrameReader) => Message): Message {
  const frame = new FrameReader(octets);
  const message = read(frame);
  frame.end();
  return message;
}

function writeError(frame: FrameWriter, error: Error): FrameWriter {
  const code = error instanceof HsmError ? error.code : 'hsm/failed';
  const rv = error instanceof HsmError ? error.rv : undefined;
  return frame
    .u8(errorCodes.octet(code))
    .text(error.message)
    .text(rv ?? '');
}

function readError(frame: FrameReader): HsmError {
  const code = errorCodes.member(frame.u8());
  const message = frame.text();
  const rv = frame.text();
  return new HsmError(code, message, rv === '' ? {} : { rv });
}

function readBoolean(frame: FrameReader): boolean {
  const octet = frame.u8();
  if (octet > 1) throw new FrameError(`boolean of ${octet}`);
  return octet === 1;
}

function closedSet<Member extends string>(octets: Record<Member, number>) {
  const members = new Map<number, Member>();
  for (const member in octets) members.set(octets[member], member);
  return {
    octet: (member: Member): number => octets[member],
    member(octet: number): Member {
      const member = members.get(octet);
      if (member === undefined) throw new FrameError(`no member ${octet}`);
      return member;
    }
  };
}
