/**
 * The signer process: reads a start frame and then requests from the one descriptor it was given, signs what a
 * permit allows, says how it is when that changes, and ends when the descriptor does. It listens nowhere.
 */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { setImmediate as yieldToIo, setTimeout as sleep } from 'node:timers/promises';
import * as graphene from 'graphene-pk11';
import { Admission, checkForm, checkLabel, type AdmittedRequest } from '../admission.js';
import { BackOff } from '../back-off.js';
import { HsmError } from '../errors.js';
import { FrameSplitter } from '../frame.js';
import {
  decodeToSigner,
  encodeFromSigner,
  type FromSigner,
  type StartMessage,
  type StateMessage,
  type ToSigner
} from '../protocol.js';
import { mintPermit } from '../permit.js';
import type { Lane as QueueLane, PublicKey, SignOutcome, SignRequest } from '../signer.js';
import { latchProblem } from './login.js';
import { asHsmError } from './return-value.js';
import { Token, TokenLost, type Lane } from './token.js';

/** Between looks at an idle token, and at most between attempts to get a lost one back. */
const pollMs = 1000;
/**
 * Attempts before the first state is told: SoftHSM shows no token for the moment in which another process logs
 * in, so that "not there" at start is doubted for about a second.
 */
const startAttempts = 5;

/** sysexits: the parent sent what is no message; the process failed. */
const exitCodes = { ended: 0, protocol: 65, internal: 70 } as const;

/** The whole process over one stream, with which it ends. Returns at once. */
export function runSignerProcess(stream: Duplex): void {
  const splitter = new FrameSplitter();
  let signer: SignerProcess | undefined;
  // Leaving without C_Finalize is clean; C_Finalize under a pending call is not.
  const leave = (code: number): never => process.exit(code);
  stream.on('data', (chunk: Buffer) => {
    try {
      for (const frame of splitter.push(chunk)) {
        const message = decodeToSigner(frame);
        if (message.kind === 'start') {
          if (signer !== undefined) leave(exitCodes.protocol);
          signer = new SignerProcess(message, answer => stream.write(encodeFromSigner(answer)));
          signer.start().catch(() => leave(exitCodes.internal));
        } else if (signer === undefined) {
          leave(exitCodes.protocol);
        } else if (message.kind === 'close') {
          signer.drain().then(
            () => stream.end(() => leave(exitCodes.ended)),
            () => leave(exitCodes.internal)
          );
        } else {
          signer.take(message);
        }
      }
    } catch {
      leave(exitCodes.protocol);
    }
  });
  stream.on('error', () => leave(exitCodes.ended));
  stream.on('end', () => leave(exitCodes.ended));
  stream.on('close', () => leave(exitCodes.ended));
}

/**
 * DESIGN: how long one session's turn may keep the event loop, in milliseconds; control frames and requests of the
 * other lane come in between. A turn for every signature would cost a tenth of one.
 */
const turnMs = 1;

/** The requests of one frame, answered together. */
interface Frame {
  readonly id: number;
  readonly outcomes: SignOutcome[];
  open: number;
}

interface Item {
  readonly request: SignRequest;
  readonly frame: Frame;
  readonly index: number;
}

class SignerProcess {
  readonly #start: StartMessage;
  readonly #send: (message: FromSigner) => void;
  readonly #admission: Admission;
  readonly #queues: Record<QueueLane, Item[]> = { adhoc: [], batch: [] };
  readonly #busy = new Map<number, Promise<void>>();
  readonly #backOff = new BackOff(50, pollMs);
  #token: Token | undefined;
  #ready = false;
  #recovering: Promise<void> | undefined;
  #lastState: string | undefined;
  #problem = new HsmError('hsm/unavailable', 'the signer process is starting');
  #healthNote = '';

  constructor(start: StartMessage, send: (message: FromSigner) => void) {
    this.#start = start;
    this.#send = send;
    this.#admission = new Admission(start.permitSecret, start.healthKey);
  }

  async start(): Promise<void> {
    await this.#open(startAttempts);
    for (;;) {
      await sleep(pollMs);
      if (this.#ready && this.#busy.size === 0) await this.#checkHealth();
    }
  }

  take(message: Exclude<ToSigner, { kind: 'start' | 'close' }>): void {
    switch (message.kind) {
      case 'sign':
        this.#enqueue(message.id, message.lane, message.requests);
        break;
      case 'public-key':
        this.#answer(message.id, token => {
          checkLabel(message.label);
          return token.publicKey(message.label);
        });
        break;
      case 'generate':
        this.#answer(message.id, token => {
          checkLabel(message.label);
          if (!this.#start.allowGenerate) throw new HsmError('hsm/request', 'this signer makes no keys');
          return token.generate(message.label, message.algorithm);
        });
        break;
      case 'ping':
        this.#send({ kind: 'pong', id: message.id });
        break;
    }
  }

  /** Resolves when nothing is queued and no call is under way, with the module finalised. */
  async drain(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#busy.values());
    this.#ready = false;
    this.#token?.close();
  }

  #answer(id: number, work: (token: Token) => PublicKey): void {
    try {
      if (!this.#ready || this.#token === undefined) throw this.#problem;
      this.#send({ kind: 'public-key', id, key: work(this.#token) });
    } catch (error) {
      this.#send({ kind: 'error', id, error: this.#judge(error) });
    }
  }

  #enqueue(id: number, lane: QueueLane, requests: readonly SignRequest[]): void {
    const frame: Frame = { id, outcomes: new Array<SignOutcome>(requests.length), open: requests.length };
    for (const [index, request] of requests.entries()) this.#queues[lane].push({ request, frame, index });
    if (requests.length === 0) this.#send({ kind: 'outcomes', id, outcomes: [] });
    this.#wake();
  }

  #settle({ frame, index }: Item, outcome: SignOutcome): void {
    frame.outcomes[index] = outcome;
    if (--frame.open === 0) this.#send({ kind: 'outcomes', id: frame.id, outcomes: frame.outcomes });
  }

  /** Sets every idle session to work; answers the queue at once while there is no token. */
  #wake(): void {
    if (!this.#ready || this.#token === undefined) {
      this.#refuseQueue();
      return;
    }
    const token = this.#token;
    for (const lane of token.lanes) {
      // Calls that block come one after another: a second session would take turns with the first, no more.
      if (this.#start.calls === 'blocking' && this.#busy.size > 0) return;
      if (this.#busy.has(lane.number)) continue;
      const item = this.#next();
      if (item === undefined) return;
      void this.#occupy(lane, () => this.#work(token, lane, item));
    }
  }

  /**
   * Does the work with the lane marked as busy from before its first call, so that recovery closes no token in use;
   * then looks for what came in too late for it.
   */
  #occupy(lane: Lane, work: () => Promise<void>): Promise<void> {
    const done = Promise.resolve()
      .then(work)
      .finally(() => {
        this.#busy.delete(lane.number);
        this.#wake();
      });
    this.#busy.set(lane.number, done);
    return done;
  }

  /** One session's turn: signs until the queue is empty or the token is lost. */
  async #work(token: Token, lane: Lane, first: Item): Promise<void> {
    let turnEnds = performance.now() + turnMs;
    for (
      let item: Item | undefined = first;
      item !== undefined;
      item = this.#ready ? this.#next() : undefined
    ) {
      const outcome = this.#sign(token, lane, item.request);
      this.#settle(item, outcome instanceof Promise ? await outcome : outcome);
      if (performance.now() < turnEnds) continue;
      await yieldToIo();
      turnEnds = performance.now() + turnMs;
    }
  }

  #sign(token: Token, lane: Lane, request: SignRequest): SignOutcome | Promise<SignOutcome> {
    let admitted: AdmittedRequest;
    try {
      checkForm(request);
      admitted = this.#admission.admit(request);
    } catch (error) {
      return { ok: false, error: this.#judge(error) };
    }
    try {
      const signature = token.sign(lane, admitted);
      if (signature instanceof Uint8Array) return { ok: true, signature };
      return signature.then(
        signature => ({ ok: true, signature }),
        (error: unknown) => this.#notSigned(request, error)
      );
    } catch (error) {
      return this.#notSigned(request, error);
    }
  }

  #notSigned(request: SignRequest, error: unknown): SignOutcome {
    const answer = this.#judge(error);
    if (answer.code === 'hsm/unavailable') this.#admission.giveBack(request);
    return { ok: false, error: answer };
  }

  #next(): Item | undefined {
    return this.#queues.adhoc.shift() ?? this.#queues.batch.shift();
  }

  #refuseQueue(): void {
    for (let item = this.#next(); item !== undefined; item = this.#next()) {
      this.#settle(item, { ok: false, error: this.#problem });
    }
  }

  /** The error for the caller; begins the recovery when the token is lost. */
  #judge(error: unknown): HsmError {
    if (error instanceof TokenLost) {
      this.#recover(error.answer);
      return error.answer;
    }
    return asHsmError('hsm/failed', 'the request failed', error);
  }

  #recover(cause: HsmError): void {
    if (this.#recovering !== undefined) return;
    this.#ready = false;
    this.#problem = new HsmError('hsm/unavailable', `recovering: ${cause.message}`);
    this.#tellState();
    this.#recovering = this.#open(1).finally(() => (this.#recovering = undefined));
    this.#recovering.catch(() => process.exit(exitCodes.internal));
  }

  /** Opens the token, waiting longer each time; tells the state from the `patience`th failure on. */
  async #open(patience: number): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      while (this.#busy.size > 0) await Promise.all(this.#busy.values());
      this.#refuseQueue();
      this.#token?.close();
      try {
        this.#token ??= new Token(graphene.Module.load(this.#start.module), this.#start);
        this.#openOnce(this.#token);
        this.#backOff.reset();
        this.#ready = true;
        this.#tellState();
        return;
      } catch (error) {
        this.#problem = asHsmError('hsm/unavailable', 'the token cannot be opened', error);
        if (attempt >= patience || this.#problem.code !== 'hsm/unavailable') this.#tellState();
      }
      await sleep(this.#backOff.next());
    }
  }

  #openOnce(token: Token): void {
    // While a refused PIN waits for its person, the refusal is the reason, and the token is left alone.
    const latched = latchProblem(this.#start.latchFile);
    if (latched?.code === 'hsm/pin-latched' && this.#problem.code === 'hsm/pin') throw this.#problem;
    if (latched !== undefined) throw latched;
    token.open();
  }

  /** An idle token is asked whether it is there, and signs with the health key where there is one. */
  async #checkHealth(): Promise<void> {
    const token = this.#token;
    if (token === undefined) return;
    if (!token.isThere()) {
      this.#recover(new HsmError('hsm/unavailable', 'the token is gone'));
      return;
    }
    const { healthKey, permitSecret } = this.#start;
    const lane = token.lanes[0];
    if (healthKey === undefined || lane === undefined) return;
    const data = randomBytes(32);
    const permit = mintPermit(permitSecret, healthKey, 'health', data, randomBytes(16));
    await this.#occupy(lane, async () => {
      const outcome = await this.#sign(token, lane, { key: healthKey, purpose: 'health', data, permit });
      this.#healthNote = outcome.ok ? '' : `health key: ${outcome.error.message}`;
    });
    this.#tellState();
  }

  #tellState(): void {
    const message: StateMessage = {
      kind: 'state',
      ready: this.#ready,
      sessions: this.#ready ? this.#start.sessions : 0,
      manufacturer: this.#token?.manufacturer ?? '',
      problem: this.#ready ? undefined : this.#problem.code,
      reason: this.#ready ? this.#healthNote : this.#problem.message
    };
    const state = JSON.stringify(message);
    if (state === this.#lastState) return;
    this.#lastState = state;
    this.#send(message);
  }
}
