/**
 * One token behind one module: opened by label, logged in, signed on through a pool of sessions, closed. Any call
 * may block and any call may bring the process down, which is why only the signer process loads this.
 */
import * as graphene from 'graphene-pk11';
import pkcs11 from 'pkcs11js';
import type { AdmittedRequest } from '../admission.js';
import { HsmError } from '../errors.js';
import type { Calls } from '../protocol.js';
import type { KeyAlgorithm, KeyLabel, PublicKey } from '../signer.js';
import { findSigningKey, generateKey, readPublicKey, type SigningKey } from './key.js';
import { logIn } from './login.js';
import { asHsmError, returnValueOf } from './return-value.js';

/**
 * CKF_OS_LOCKING_OK (PKCS #11 v2.40 section 5.4): without it the module is told that one thread alone calls it,
 * and parallel sessions corrupt its heap.
 */
export const osLockingOk = 2;

/** DigestInfo of SHA-256 up to the digest (RFC 8017 section 9.2, note 1). */
const sha256DigestInfo = Buffer.from('3031300d060960864801650304020105000420', 'hex');

const mechanisms: Record<KeyAlgorithm, pkcs11.Mechanism> = {
  'P-256': { mechanism: pkcs11.CKM_ECDSA },
  'RSA-2048': { mechanism: pkcs11.CKM_RSA_PKCS }
};

const signatureOctets: Record<KeyAlgorithm, number> = { 'P-256': 64, 'RSA-2048': 256 };

export interface TokenOptions {
  readonly tokenLabel: string;
  readonly pinFile: string;
  readonly latchFile: string;
  readonly sessions: number;
  readonly calls: Calls;
}

/** A place in the pool: the session in it may be replaced by another. */
export interface Lane {
  readonly number: number;
}

interface PooledSession extends Lane {
  session: graphene.Session;
  readonly keys: Map<KeyLabel, SigningKey>;
  /** Where the module writes this session's signatures: more than any has, so that a wrong length is seen. */
  readonly answer: Buffer;
}

export class Token {
  /** One for the life of the process: the binding unloads the library with its last reference. */
  readonly #module: graphene.Module;
  readonly #options: TokenOptions;
  /** Labels whose key was there: when one is missing later, the token is looked at before it is believed. */
  readonly #seen = new Set<KeyLabel>();
  #slot: graphene.Slot | undefined;
  /** For look-ups and to hold the login: a lane's session may be replaced, and may be in the middle of a call. */
  #control: graphene.Session | undefined;
  #lanes: PooledSession[] = [];

  constructor(module: graphene.Module, options: TokenOptions) {
    this.#module = module;
    this.#options = options;
  }

  get manufacturer(): string {
    return this.#module.manufacturerID ?? '';
  }

  get lanes(): readonly Lane[] {
    return this.#lanes;
  }

  /**
   * C_Initialize, the slot by its token's label, the login, the sessions.
   *
   * Errors: `hsm/unavailable` (no such token now), `hsm/pin`, `hsm/pin-latched`. After any of them call `close`.
   */
  open(): void {
    try {
      this.#module.initialize({ flags: osLockingOk });
      this.#slot = this.#findSlot();
      this.#control = this.#slot.open();
      logIn(this.#control, this.#options.pinFile, this.#options.latchFile);
      for (let number = 0; number < this.#options.sessions; number++) {
        this.#lanes.push({ number, session: this.#slot.open(), keys: new Map(), answer: Buffer.alloc(1024) });
      }
    } catch (error) {
      throw asHsmError('hsm/unavailable', `token ${this.#options.tokenLabel}`, error);
    }
  }

  /** C_Finalize. No call may be under way: the module would fall over. Never throws. */
  close(): void {
    this.#lanes = [];
    this.#control = undefined;
    this.#slot = undefined;
    try {
      this.#module.finalize();
    } catch {
      // Not initialised, or already dead: what is wanted.
    }
  }

  /** True while the token answers under its label. */
  isThere(): boolean {
    try {
      return this.#slot?.getToken().label === this.#options.tokenLabel;
    } catch {
      return false;
    }
  }

  /**
   * Signs on one lane; one call at a time on each. A promise where calls are `parallel` only: what blocks has its
   * answer at once. Errors: those of `Signer.sign`; `TokenLost` instead when the token must be opened anew.
   */
  sign(lane: Lane, { key, digest }: AdmittedRequest): Uint8Array | Promise<Uint8Array> {
    const pooled = this.#pooled(lane);
    const { algorithm } = this.#begin(pooled, key);
    const input = algorithm === 'P-256' ? digest : Buffer.concat([sha256DigestInfo, digest]);
    const { session, answer } = pooled;
    if (this.#options.calls === 'parallel') {
      return session.lib.C_SignAsync(session.handle, input, answer).then(
        signature => signatureOf(algorithm, signature),
        (error: unknown) => this.#signFailed(pooled, error)
      );
    }
    let signature: Uint8Array;
    try {
      signature = session.lib.C_Sign(session.handle, input, answer);
    } catch (error) {
      this.#signFailed(pooled, error);
    }
    return signatureOf(algorithm, signature);
  }

  publicKey(label: KeyLabel): PublicKey {
    return this.#look(label, this.#control, readPublicKey);
  }

  generate(label: KeyLabel, algorithm: KeyAlgorithm): PublicKey {
    const slot = this.#slot;
    if (slot === undefined) throw new HsmError('hsm/unavailable', 'the token is closed');
    let session: graphene.Session | undefined;
    try {
      session = slot.open(graphene.SessionFlag.SERIAL_SESSION | graphene.SessionFlag.RW_SESSION);
      return generateKey(session, label, algorithm);
    } catch (error) {
      const failure = asHsmError('hsm/failed', `key ${label} was not made`, error);
      throw returnValueOf(error)?.remedy === 'token' ? new TokenLost(failure) : failure;
    } finally {
      closeQuietly(session);
    }
  }

  #findSlot(): graphene.Slot {
    const slots = this.#module.getSlots(true);
    const found: graphene.Slot[] = [];
    for (let index = 0; index < slots.length; index++) {
      try {
        const slot = slots.items(index);
        if (slot.getToken().label === this.#options.tokenLabel) found.push(slot);
      } catch {
        // A slot whose token does not answer is not the one.
      }
    }
    const [slot, second] = found;
    if (slot === undefined) throw new HsmError('hsm/unavailable', `no token ${this.#options.tokenLabel}`);
    if (second !== undefined) throw new HsmError('hsm/unavailable', `two tokens ${this.#options.tokenLabel}`);
    // PKCS #11 v2.40 section 3.2: the next refusal locks the PIN. That try belongs to a person.
    if ((slot.getToken().flags & graphene.TokenFlag.USER_PIN_FINAL_TRY) !== 0) {
      throw new HsmError('hsm/pin', `token ${this.#options.tokenLabel} has one PIN try left`);
    }
    return slot;
  }

  /** C_SignInit: nothing is signed when it fails, so it alone may be tried again, once. */
  #begin(pooled: PooledSession, label: KeyLabel): SigningKey {
    for (let attempt = 1; ; attempt++) {
      try {
        const key = pooled.keys.get(label) ?? this.#look(label, pooled.session, findSigningKey);
        pooled.keys.set(label, key);
        const { lib, handle } = pooled.session;
        lib.C_SignInit(handle, mechanisms[key.algorithm], key.object.handle);
        return key;
      } catch (error) {
        if (error instanceof HsmError || error instanceof TokenLost) throw error;
        const remedy = returnValueOf(error)?.remedy;
        const failure = asHsmError('hsm/failed', 'C_SignInit', error);
        if (remedy === 'token') throw new TokenLost(asHsmError('hsm/unavailable', 'C_SignInit', error));
        if (remedy === 'object') pooled.keys.clear();
        else this.#replaceSession(pooled, failure);
        if (attempt === 2 || remedy === 'none' || remedy === undefined) throw failure;
      }
    }
  }

  #signFailed(pooled: PooledSession, error: unknown): never {
    // The operation may still be active in it: this session signs nothing any more.
    const failure = asHsmError('hsm/failed', 'C_Sign', error);
    if (returnValueOf(error)?.remedy === 'token') throw new TokenLost(failure);
    this.#replaceSession(pooled, failure);
    throw failure;
  }

  /** Looks a key up and doubts "not found": SoftHSM answers it when its folder is gone. */
  #look<Found>(
    label: KeyLabel,
    session: graphene.Session | undefined,
    find: (session: graphene.Session, label: KeyLabel) => Found
  ): Found {
    if (session === undefined) throw new HsmError('hsm/unavailable', 'the token is closed');
    try {
      const found = find(session, label);
      this.#seen.add(label);
      return found;
    } catch (error) {
      const missing = error instanceof HsmError && error.code === 'hsm/key-not-found';
      if (missing && (this.#seen.delete(label) || !this.isThere())) {
        throw new TokenLost(new HsmError('hsm/unavailable', `key ${label} is gone`, { cause: error }));
      }
      if (error instanceof HsmError) throw error;
      const remedy = returnValueOf(error)?.remedy;
      const failure = asHsmError('hsm/unavailable', `key ${label} cannot be looked up`, error);
      if (remedy === 'none' || remedy === undefined) throw asHsmError('hsm/failed', `key ${label}`, error);
      throw new TokenLost(failure);
    }
  }

  #replaceSession(pooled: PooledSession, cause: HsmError): void {
    const old = pooled.session;
    pooled.keys.clear();
    try {
      if (this.#slot === undefined) throw new HsmError('hsm/unavailable', 'the token is closed');
      pooled.session = this.#slot.open();
    } catch {
      throw new TokenLost(cause);
    } finally {
      closeQuietly(old);
    }
  }

  #pooled(lane: Lane): PooledSession {
    const pooled = this.#lanes[lane.number];
    if (pooled === undefined) throw new HsmError('hsm/unavailable', 'the token is closed');
    return pooled;
  }
}

/** The token must be closed and opened again; `answer` is for the request that noticed. */
export class TokenLost extends Error {
  readonly answer: HsmError;
  constructor(answer: HsmError) {
    super(answer.message, { cause: answer });
    this.name = 'TokenLost';
    this.answer = answer;
  }
}

/** A copy of what the token answered: the next signature of the lane is written to the same place. */
function signatureOf(algorithm: KeyAlgorithm, answer: Uint8Array): Uint8Array {
  if (answer.length === signatureOctets[algorithm]) return new Uint8Array(answer);
  // What came is no signature of this key's; one may exist all the same.
  throw new HsmError('hsm/outcome-unknown', `C_Sign answered ${answer.length} octets for ${algorithm}`);
}

function closeQuietly(session: graphene.Session | undefined): void {
  try {
    session?.close();
  } catch {
    // It is gone: what is wanted.
  }
}
