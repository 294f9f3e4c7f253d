/**
 * The signer as its users see it: supervises the signer processes of one token, queues in two lanes, gives every
 * call a deadline, and answers at once while no process can sign.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { checkForm, checkLabel, SpentPermits } from './admission.js';
import { BackOff } from './back-off.js';
import { SignerChild, type ChildOptions } from './child.js';
import { HsmError } from './errors.js';
import { LaneQueue, WaitingGroup, type Waiting } from './queue.js';
import type { Calls } from './protocol.js';
import { permitSecretOctets } from './permit.js';
import type {
  KeyAlgorithm,
  KeyGenerator,
  KeyLabel,
  Lane,
  Pkcs11Signer,
  PublicKey,
  SignerHealth,
  SignOutcome,
  SignRequest
} from './signer.js';

export interface Pkcs11SignerOptions {
  /** Program and arguments of the signer's entry; they hold no secret. */
  readonly command: readonly string[];
  /** The whole environment of the signer process: what the PKCS#11 module reads, nothing else. */
  readonly env: Readonly<Record<string, string>>;
  /** Path of the PKCS#11 module. */
  readonly module: string;
  /** Exactly one token must carry it. */
  readonly tokenLabel: string;
  /** Path of a 0600 file with the user PIN; read by the signer process alone. */
  readonly pinFile: string;
  /** Path of the login latch, one per token, in a folder the signer process may write to. */
  readonly latchFile: string;
  /** Shared with the stage that mints permits: `permitSecretOctets` octets. */
  readonly permitSecret: Uint8Array;
  /** What to do when the token is not ready at start: come up degraded and recover, or fail. */
  readonly whenTokenAway: 'start-degraded' | 'refuse';
  /**
   * Called once per change of state or of its cause, never once per request. An exception out of it ends the
   * program.
   */
  readonly onStateChange?: (health: SignerHealth) => void;
  /** Label of the key that health checks sign with; nothing else may. */
  readonly healthKey?: string | undefined;
  /** Sessions of each process. 2 suits SoftHSM, about 30 a network HSM. */
  readonly sessions?: number;
  /** `blocking` unless said otherwise; `parallel` for a token that is reached over a network. */
  readonly calls?: Calls;
  /** Signer processes. One per processor at most is of use. */
  readonly processes?: number;
  /** Milliseconds from sending a request to its answer; then the process is killed. 10 s unless said otherwise. */
  readonly callDeadlineMs?: number;
  /** Milliseconds from starting a process to its first state, C_Initialize and login included. */
  readonly startDeadlineMs?: number;
  /** Requests that may wait; beyond it `hsm/busy`. 4,096 is eight groups. */
  readonly queueLimit?: number;
}

/** Frames of one lane under way in one process: two keep it busy. */
const framesUnderWay = 2;

/** How often overdue answers are looked for, and how often an idle process is asked for a sign of life. */
const watchMs = 100;
const pingMs = 2000;

/** Between restarts of a process that does not stay. */
const restartMs = { first: 100, limit: 5000 } as const;
/** A process that was ready this long was not the fault of its predecessor. */
const steadyMs = 10_000;

/**
 * Starts the signer of one token.
 *
 * Errors: with `whenTokenAway: 'refuse'`, the reason why the token is not ready; `hsm/request` for options out of
 * range.
 */
export async function startPkcs11Signer(options: Pkcs11SignerOptions): Promise<Pkcs11Signer> {
  return start(options, false);
}

/** The same with leave to make keys: for ceremonies. */
export async function startPkcs11KeyGenerator(
  options: Pkcs11SignerOptions
): Promise<Pkcs11Signer & KeyGenerator> {
  return start(options, true);
}

async function start(options: Pkcs11SignerOptions, allowGenerate: boolean): Promise<Supervisor> {
  const supervisor = new Supervisor(options, allowGenerate);
  await supervisor.start();
  if (options.whenTokenAway === 'refuse' && !supervisor.ready) {
    const { problem, reason } = await supervisor.health();
    await supervisor.close();
    throw new HsmError(problem ?? 'hsm/unavailable', reason ?? 'the token is not ready');
  }
  return supervisor;
}

class Supervisor implements Pkcs11Signer, KeyGenerator {
  readonly kind = 'pkcs11';
  readonly #tokenLabel: string;
  readonly #child: ChildOptions;
  readonly #processes: number;
  readonly #onStateChange: (health: SignerHealth) => void;
  readonly #spent = new SpentPermits();
  readonly #queue: LaneQueue;
  readonly #children: (SignerChild | undefined)[] = [];
  readonly #supervision: Promise<void>[] = [];
  readonly #stopping = new AbortController();
  #startLock: Promise<void> = Promise.resolve();
  #restarts = 0;
  #started = false;
  #closing: Promise<void> | undefined;
  #watch: NodeJS.Timeout | undefined;
  #lastPing = 0;
  #lastChange: string | undefined;
  #manufacturer: string | undefined;

  constructor(options: Pkcs11SignerOptions, allowGenerate: boolean) {
    const { sessions = 2, processes = 1, callDeadlineMs = 10_000, startDeadlineMs = 30_000 } = options;
    if (options.permitSecret.length !== permitSecretOctets) throw badOption('permitSecret');
    if (!(Number.isInteger(sessions) && sessions >= 1 && sessions <= 256)) throw badOption('sessions');
    if (!(Number.isInteger(processes) && processes >= 1 && processes <= 64)) throw badOption('processes');
    if (options.command.length < 1) throw badOption('command');
    const { module, tokenLabel, pinFile, latchFile, permitSecret, healthKey, calls = 'blocking' } = options;
    this.#tokenLabel = tokenLabel;
    this.#processes = processes;
    this.#queue = new LaneQueue(options.queueLimit ?? 4096);
    this.#onStateChange = options.onStateChange ?? (() => undefined);
    this.#child = {
      command: options.command,
      // Parallel calls wait in libuv's threads, four unless it is told otherwise.
      env: calls === 'parallel' ? { ...options.env, UV_THREADPOOL_SIZE: String(sessions + 2) } : options.env,
      start: {
        kind: 'start',
        module,
        tokenLabel,
        pinFile,
        latchFile,
        permitSecret,
        sessions,
        calls,
        healthKey,
        allowGenerate
      },
      callDeadlineMs,
      startDeadlineMs
    };
  }

  get ready(): boolean {
    return this.#children.some(child => child?.ready);
  }

  /** Resolves when every process has told its first state or failed to. */
  async start(): Promise<void> {
    this.#watch = setInterval(() => this.#look(), watchMs);
    const first: Promise<void>[] = [];
    for (let slot = 0; slot < this.#processes; slot++) {
      first.push(new Promise(resolve => this.#supervision.push(this.#supervise(slot, resolve))));
    }
    await Promise.all(first);
    this.#started = true;
    this.#stateChanged();
  }

  async publicKey(label: KeyLabel): Promise<PublicKey> {
    checkLabel(label);
    return this.#anyReady().publicKey(label);
  }

  async generate(label: KeyLabel, algorithm: KeyAlgorithm): Promise<PublicKey> {
    checkLabel(label);
    return this.#anyReady().generate(label, algorithm);
  }

  async sign(request: SignRequest): Promise<Uint8Array> {
    const [outcome] = await this.signMany([request]);
    if (outcome?.ok) return outcome.signature;
    throw outcome?.error ?? new HsmError('hsm/failed', 'no outcome');
  }

  async signMany(requests: readonly SignRequest[]): Promise<SignOutcome[]> {
    const group = new WaitingGroup(requests.length);
    const overdue = performance.now() + this.#child.callDeadlineMs;
    for (const [index, request] of requests.entries()) {
      const error = this.#refusal(request);
      if (error === undefined) this.#queue.push(request.lane ?? 'adhoc', { request, overdue, group, index });
      else group.settle(index, { ok: false, error });
    }
    this.#dispatch();
    return group.answered;
  }

  async health(): Promise<SignerHealth> {
    const states = this.#children.map(child => (child?.ready ? child.state : undefined));
    const ready = states.filter(state => state !== undefined);
    const stopped = this.#closing !== undefined;
    const steady = ready.length === this.#processes;
    const trouble = steady ? undefined : this.#trouble();
    return {
      state: stopped ? 'stopped' : !this.#started ? 'starting' : steady ? 'ready' : 'degraded',
      tokenLabel: this.#tokenLabel,
      pid: this.#children.find(child => child !== undefined)?.pid,
      sessions: ready.reduce((sum, state) => sum + state.sessions, 0),
      restarts: this.#restarts,
      manufacturer: this.#manufacturer,
      reason: trouble?.message ?? ready.find(state => state.reason !== '')?.reason,
      problem: trouble?.code
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const deadline = performance.now() + this.#child.callDeadlineMs;
    while (this.ready && performance.now() < deadline) {
      if (this.#queue.length === 0 && this.#children.every(child => child?.idle ?? true)) break;
      await sleep(10);
    }
    this.#stopping.abort();
    this.#refuse(this.#queue.takeAll(), this.#trouble());
    for (const child of this.#children) child?.finish();
    const patience = setTimeout(() => {
      for (const child of this.#children) child?.kill('the signer process did not end by itself');
    }, 2000);
    await Promise.all(this.#supervision);
    clearTimeout(patience);
    clearInterval(this.#watch);
    this.#stateChanged();
  }

  /** Keeps one process running until the signer is closed. */
  async #supervise(slot: number, onStarted: () => void): Promise<void> {
    const backOff = new BackOff(restartMs.first, restartMs.limit);
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      // One after another: SoftHSM shows its neighbours no token while a process logs in.
      const turn = this.#startLock;
      let done = (): void => undefined;
      this.#startLock = new Promise(resolve => {
        done = resolve;
      });
      await turn;
      if (signal.aborted) {
        done();
        break;
      }
      const began = performance.now();
      const child = new SignerChild(this.#child, () => this.#stateChanged());
      this.#children[slot] = child;
      await child.started;
      done();
      onStarted();
      await child.ended;
      if (performance.now() - began > steadyMs) backOff.reset();
      if (signal.aborted) break;
      this.#restarts++;
      this.#stateChanged();
      await sleep(backOff.next(), undefined, { signal }).catch(() => undefined);
    }
    onStarted();
  }

  #refusal(request: SignRequest): HsmError | undefined {
    try {
      checkForm(request);
    } catch (error) {
      return error as HsmError;
    }
    if (!this.ready || this.#closing !== undefined) return this.#trouble();
    if (this.#queue.hasRoomFor(request)) return undefined;
    return new HsmError('hsm/busy', `${this.#queue.length} requests wait`);
  }

  /** Sends what waits to the processes that have room, the least busy first. */
  #dispatch(): void {
    for (const lane of ['adhoc', 'batch'] as const) {
      while (!this.#queue.isEmpty(lane)) {
        const child = this.#leastBusy(lane);
        if (child === undefined) break;
        this.#send(child, lane);
      }
    }
  }

  #leastBusy(lane: Lane): SignerChild | undefined {
    let least: SignerChild | undefined;
    let frames = framesUnderWay;
    for (const child of this.#children) {
      if (!child?.ready || child.framesInFlight(lane) >= frames) continue;
      least = child;
      frames = child.framesInFlight(lane);
    }
    return least;
  }

  #send(child: SignerChild, lane: Lane): void {
    const frame: Waiting[] = [];
    for (const waiting of this.#queue.takeFrame(lane)) {
      // Checked here, where all processes and their restarts are known; the process checks what it can, again.
      if (this.#spent.spend(waiting.request)) frame.push(waiting);
      else settle(waiting, { ok: false, error: new HsmError('hsm/permit', 'the permit is spent') });
    }
    if (frame.length === 0) return;
    const requests = frame.map(({ request }) => request);
    child.sign(lane, requests, outcomes => {
      for (const [index, waiting] of frame.entries()) {
        const outcome = outcomes[index] ?? lost;
        if (!outcome.ok && outcome.error instanceof HsmError && outcome.error.code === 'hsm/unavailable') {
          this.#spent.giveBack(waiting.request);
        }
        settle(waiting, outcome);
      }
      this.#dispatch();
    });
  }

  #anyReady(): SignerChild {
    const child = this.#closing === undefined ? this.#children.find(child => child?.ready) : undefined;
    if (child === undefined) throw this.#trouble();
    return child;
  }

  /** Why requests are refused: the first process's own reason, or that it is gone. */
  #trouble(): HsmError {
    if (this.#closing !== undefined) return new HsmError('hsm/unavailable', 'the signer is closed');
    const child = this.#children.find(child => child !== undefined && !child.ready);
    if (child === undefined) return new HsmError('hsm/unavailable', 'the signer process is starting');
    if (child.alive && child.state !== undefined) {
      return new HsmError(child.state.problem ?? 'hsm/unavailable', child.state.reason);
    }
    return new HsmError('hsm/unavailable', child.reason);
  }

  #refuse(waiting: readonly Waiting[], error: HsmError): void {
    for (const one of waiting) settle(one, { ok: false, error });
  }

  #stateChanged(): void {
    this.#manufacturer = this.#children.find(child => child?.state?.manufacturer)?.state?.manufacturer;
    if (this.ready) this.#dispatch();
    else this.#refuse(this.#queue.takeAll(), this.#trouble());
    void this.health().then(health => {
      const change = `${health.state} ${health.problem ?? ''}`;
      if (change === this.#lastChange || health.state === 'starting') return;
      this.#lastChange = change;
      this.#onStateChange(health);
    });
  }

  /** Deadlines: of what is under way in the processes, and of what waits here. */
  #look(): void {
    const now = performance.now();
    const ping = now - this.#lastPing > pingMs;
    if (ping) this.#lastPing = now;
    for (const child of this.#children) {
      child?.watch(now);
      if (ping && child?.idle) child.ping();
    }
    const late = new HsmError('hsm/unavailable', 'not sent within the deadline');
    this.#refuse(this.#queue.takeOverdue(now), late);
  }
}

const lost: SignOutcome = { ok: false, error: new HsmError('hsm/outcome-unknown', 'no outcome') };

function settle({ group, index }: Waiting, outcome: SignOutcome): void {
  group.settle(index, outcome);
}

function badOption(name: string): HsmError {
  return new HsmError('hsm/request', `option ${name} is out of range`);
}
