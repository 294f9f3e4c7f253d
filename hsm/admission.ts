import { HsmError } from './errors.js';
import { digestOf, permitMatches } from './permit.js';
import { maximumDataOctets, type KeyLabel, type KeyPurpose, type SignRequest } from './signer.js';

/**
 * Permits remembered per generation; two generations are kept, so at least this many of the latest are known.
 * About 15 MiB a generation. The CA's database is what makes a permit spent for ever: this memory stops a replay
 * inside one process, and a smaller one would let a group of the size of a day's batch be replayed.
 */
const generationSize = 131_072;

/** The permits that were used, oldest forgotten first. */
export class SpentPermits {
  #current = new Ids();
  #previous = new Ids();
  #size = 0;
  readonly #limit: number;

  constructor(limit = generationSize) {
    this.#limit = limit;
  }

  /** False when the permit is spent already. */
  spend(request: SignRequest): boolean {
    const id = idText(request);
    if (this.#previous.find(request)?.has(id)) return false;
    const ids = this.#current.of(request);
    const before = ids.size;
    // What was there already does not make it larger.
    if (ids.add(id).size === before) return false;
    if (++this.#size >= this.#limit) {
      this.#previous = this.#current;
      this.#current = new Ids();
      this.#size = 0;
    }
    return true;
  }

  /** Gives a permit back whose request certainly did not reach the token. */
  giveBack(request: SignRequest): void {
    const id = idText(request);
    if (this.#current.find(request)?.delete(id)) this.#size--;
    this.#previous.find(request)?.delete(id);
  }
}

/** Ids by purpose and key: a text of all three for every signature would cost more than keeping it. */
class Ids {
  readonly #purposes: Record<KeyPurpose, Map<KeyLabel, Set<string>>> = {
    certificate: new Map(),
    crl: new Map(),
    statement: new Map(),
    health: new Map()
  };

  find({ purpose, key }: SignRequest): Set<string> | undefined {
    return this.#purposes[purpose].get(key);
  }

  of(request: SignRequest): Set<string> {
    const found = this.find(request);
    if (found !== undefined) return found;
    const made = new Set<string>();
    this.#purposes[request.purpose].set(request.key, made);
    return made;
  }
}

declare const admitted: unique symbol;

/** A request whose permit was checked and spent. Only `Admission.admit` makes one, and only one is signed. */
export interface AdmittedRequest {
  readonly [admitted]: true;
  readonly key: KeyLabel;
  /**
   * SHA-256 of the data, 32 octets. The permit was held against these octets, and they are what is signed: the data
   * is hashed once.
   */
  readonly digest: Buffer;
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
    const digest = digestOf(request.data);
    if (!permitMatches(this.#secret, request, digest)) {
      throw new HsmError('hsm/permit', 'the permit is not for this request');
    }
    if (!this.#spent.spend(request)) throw new HsmError('hsm/permit', 'the permit is spent');
    return { key: request.key, digest: Buffer.from(digest, 'latin1') } as AdmittedRequest;
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

/** A character an octet, so that different ids are different texts. */
function idText({ permit: { id } }: SignRequest): string {
  return Buffer.from(id.buffer, id.byteOffset, id.length).toString('latin1');
}
