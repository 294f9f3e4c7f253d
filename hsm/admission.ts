import { HsmError } from './errors.js';
import { permitMatches } from './permit.js';
import { maximumDataOctets, type SignRequest } from './signer.js';

/**
 * Permits remembered per generation; two generations are kept, so at least this many of the latest are known.
 * About 15 MiB a generation. The CA's database is what makes a permit spent for ever: this memory stops a replay
 * inside one process, and a smaller one would let a group of the size of a day's batch be replayed.
 */
const generationSize = 131_072;

/** The permits that were used, oldest forgotten first. */
export class SpentPermits {
  #current = new Set<string>();
  #previous = new Set<string>();
  readonly #size: number;

  constructor(size = generationSize) {
    this.#size = size;
  }

  /** False when the permit is spent already. */
  spend(request: SignRequest): boolean {
    const identity = permitIdentity(request);
    if (this.#current.has(identity) || this.#previous.has(identity)) return false;
    if (this.#current.size >= this.#size) {
      this.#previous = this.#current;
      this.#current = new Set();
    }
    this.#current.add(identity);
    return true;
  }

  /** Gives a permit back whose request certainly did not reach the token. */
  giveBack(request: SignRequest): void {
    const identity = permitIdentity(request);
    this.#current.delete(identity);
    this.#previous.delete(identity);
  }
}

declare const admitted: unique symbol;

/** A request whose permit was checked and spent. Only `Admission.admit` makes one, and only one is signed. */
export interface AdmittedRequest extends SignRequest {
  readonly [admitted]: true;
}

/** The gate in front of every key: nothing is signed that did not pass it. */
export class Admission {
  readonly #secret: Uint8Array;
  readonly #healthKey: string | undefined;
  readonly #spent = new SpentPermits();

  /** `healthKey`: the one key that health checks use, and that nothing else uses. */
  constructor(secret: Uint8Array, healthKey?: string) {
    this.#secret = secret;
    this.#healthKey = healthKey;
  }

  /** Throws `hsm/permit` when the permit is not for exactly this request, or spent. Spends it otherwise. */
  admit(request: SignRequest): AdmittedRequest {
    if ((request.purpose === 'health') !== (request.key === this.#healthKey)) {
      throw new HsmError('hsm/permit', 'health checks use the health key, and only they do');
    }
    if (!permitMatches(this.#secret, request)) {
      throw new HsmError('hsm/permit', 'the permit is not for this request');
    }
    if (!this.#spent.spend(request)) throw new HsmError('hsm/permit', 'the permit is spent');
    return request as AdmittedRequest;
  }

  /** Gives the permit back of a request that was admitted and certainly not sent to the token. */
  giveBack(request: SignRequest): void {
    this.#spent.giveBack(request);
  }
}

/** Throws when the request has not the form the signer takes. */
export function checkForm(request: SignRequest): void {
  const permit = request.permit as SignRequest['permit'] | undefined;
  if (!(permit?.id instanceof Uint8Array) || !(permit.mac instanceof Uint8Array)) {
    throw new HsmError('hsm/permit', 'there is no permit');
  }
  if (permit.id.length < 1 || permit.id.length > 255 || permit.mac.length !== 32) {
    throw new HsmError('hsm/permit', 'the permit has not the form of one');
  }
  if (request.data.length > maximumDataOctets) {
    throw new HsmError('hsm/request', `data of ${request.data.length} octets is too large`);
  }
  checkLabel(request.key);
}

/** CKA_LABEL has no limit of its own; longer ones are nobody's key. */
export function checkLabel(label: string): void {
  if (!/^[\x21-\x7e]{1,128}$/.test(label)) {
    throw new HsmError('hsm/request', 'a key label is 1 to 128 printable ASCII characters without spaces');
  }
}

function permitIdentity({ key, purpose, permit }: SignRequest): string {
  // Neither a purpose nor a label holds a space; an id may hold anything, and comes last.
  const { buffer, byteOffset, length } = permit.id;
  return `${purpose} ${key} ${Buffer.from(buffer, byteOffset, length).toString('latin1')}`;
}
