/** One signer process as its parent sees it: started, spoken to in frames, killed when an answer is overdue. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { HsmError } from './errors.js';
import { FrameSplitter, signerDescriptor } from './frame.js';
import {
  decodeFromSigner,
  encodeToSigner,
  type FromSigner,
  type StartMessage,
  type StateMessage,
  type ToSigner
} from './protocol.js';
import type { KeyAlgorithm, Lane, PublicKey, SignOutcome, SignRequest } from './signer.js';

export interface ChildOptions {
  /** Program and arguments of the signer's entry. */
  readonly command: readonly string[];
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly start: StartMessage;
  readonly callDeadlineMs: number;
  readonly startDeadlineMs: number;
}

/** One request on the wire; `overdue` in milliseconds of the monotonic clock. */
interface Pending {
  readonly overdue: number;
  /** The code when the process ends without an answer. */
  readonly onLoss: 'hsm/outcome-unknown' | 'hsm/unavailable';
  readonly lane: Lane | undefined;
  answer(message: FromSigner): boolean;
  fail(error: HsmError): void;
}

export class SignerChild {
  readonly #options: ChildOptions;
  readonly #process: ChildProcess;
  readonly #pipe: Duplex | undefined;
  readonly #splitter = new FrameSplitter();
  readonly #pending = new Map<number, Pending>();
  readonly #framesInFlight: Record<Lane, number> = { adhoc: 0, batch: 0 };
  readonly #startOverdue: number;
  readonly #onState: () => void;
  /** Resolves with the first state, or when the process ended before it told one. */
  readonly started: Promise<void>;
  /** Resolves when the process is gone and everything in flight is answered. */
  readonly ended: Promise<void>;
  #resolveStarted: () => void = () => undefined;
  #resolveEnded: () => void = () => undefined;
  #nextId = 1;
  #alive = true;
  #reason = 'the signer process ended';
  state: StateMessage | undefined;

  constructor(options: ChildOptions, onState: () => void) {
    this.#options = options;
    this.#onState = onState;
    this.started = new Promise(resolve => (this.#resolveStarted = resolve));
    this.ended = new Promise(resolve => (this.#resolveEnded = resolve));
    this.#startOverdue = performance.now() + options.startDeadlineMs;
    const [program = '', ...args] = options.command;
    const child = spawn(program, args, { env: options.env, stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
    this.#process = child;
    child.on(
      'error',
      error => child.pid === undefined && this.#end(`the signer process did not start: ${error.message}`)
    );
    // After 'exit' answers may still lie in the pipe: 'close' comes when they are read.
    child.on('close', (code, signal) => this.#end(`${this.#reason} (${signal ?? code ?? 'unknown'})`));
    const pipe = child.stdio[signerDescriptor] as Duplex | undefined;
    this.#pipe = pipe;
    pipe?.on('error', () => this.kill('the connection to the signer process broke'));
    pipe?.on('data', (chunk: Buffer) => {
      try {
        for (const frame of this.#splitter.push(chunk)) this.#take(decodeFromSigner(frame));
      } catch {
        this.kill('the signer process sent what is no message');
      }
    });
    this.#write(options.start);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Why the process is not there. */
  get reason(): string {
    return this.#reason;
  }

  get ready(): boolean {
    return this.#alive && this.state?.ready === true;
  }

  /** Frames of that lane that wait for their answer. */
  framesInFlight(lane: Lane): number {
    return this.#framesInFlight[lane];
  }

  get idle(): boolean {
    return this.#pending.size === 0;
  }

  /** Sends the requests as one frame; `settle` is called once, with as many outcomes in the same order. */
  sign(
    lane: Lane,
    requests: readonly SignRequest[],
    settle: (outcomes: readonly SignOutcome[]) => void
  ): void {
    const id = this.#id();
    this.#framesInFlight[lane]++;
    this.#pending.set(id, {
      overdue: performance.now() + this.#options.callDeadlineMs,
      onLoss: 'hsm/outcome-unknown',
      lane,
      answer(message) {
        if (message.kind !== 'outcomes' || message.outcomes.length !== requests.length) return false;
        settle(message.outcomes);
        return true;
      },
      fail: error => settle(requests.map(() => ({ ok: false, error })))
    });
    this.#write({ kind: 'sign', id, lane, requests });
  }

  publicKey(label: string): Promise<PublicKey> {
    return this.#ask(id => ({ kind: 'public-key', id, label }), 'hsm/unavailable');
  }

  generate(label: string, algorithm: KeyAlgorithm): Promise<PublicKey> {
    return this.#ask(id => ({ kind: 'generate', id, label, algorithm }), 'hsm/outcome-unknown');
  }

  /** Kills the process when an answer is overdue. Called by the supervisor from time to time. */
  watch(now: number): void {
    if (!this.#alive) return;
    if (this.state === undefined && now > this.#startOverdue) {
      this.kill('the signer process did not start in time');
    }
    for (const pending of this.#pending.values()) {
      if (now > pending.overdue) this.kill('the signer process did not answer in time');
    }
  }

  /** Asks for a sign of life; overdue like every other answer. */
  ping(): void {
    if (!this.#alive || this.state === undefined) return;
    const id = this.#id();
    this.#pending.set(id, {
      overdue: performance.now() + this.#options.callDeadlineMs,
      onLoss: 'hsm/unavailable',
      lane: undefined,
      answer: message => message.kind === 'pong',
      fail: () => undefined
    });
    this.#write({ kind: 'ping', id });
  }

  /** Asks the process to finish what it has and to end. */
  finish(): void {
    this.#reason = 'the signer process was closed';
    this.#write({ kind: 'close' });
  }

  kill(reason: string): void {
    if (!this.#alive) return;
    this.#reason = reason;
    this.#process.kill('SIGKILL');
  }

  #ask(message: (id: number) => ToSigner, onLoss: Pending['onLoss']): Promise<PublicKey> {
    const id = this.#id();
    return new Promise((resolve, reject) => {
      this.#pending.set(id, {
        overdue: performance.now() + this.#options.callDeadlineMs,
        onLoss,
        lane: undefined,
        answer(answer) {
          if (answer.kind === 'public-key') resolve(answer.key);
          else if (answer.kind === 'error') reject(answer.error);
          else return false;
          return true;
        },
        fail: reject
      });
      this.#write(message(id));
    });
  }

  #id(): number {
    const id = this.#nextId;
    this.#nextId = id === 0xffff_ffff ? 1 : id + 1;
    return id;
  }

  #write(message: ToSigner): void {
    if (this.#alive) this.#pipe?.write(encodeToSigner(message));
  }

  #take(message: FromSigner): void {
    if (message.kind === 'state') {
      this.state = message;
      this.#resolveStarted();
      this.#onState();
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (pending?.lane !== undefined) this.#framesInFlight[pending.lane]--;
    if (pending?.answer(message) !== true) {
      pending?.fail(new HsmError(pending.onLoss, 'the signer process gave an answer to another question'));
      this.kill('the signer process gave an answer to no question');
    }
  }

  #end(reason: string): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#reason = reason;
    this.#pipe?.destroy();
    for (const pending of this.#pending.values()) pending.fail(new HsmError(pending.onLoss, reason));
    this.#pending.clear();
    this.#resolveStarted();
    this.#resolveEnded();
  }
}
