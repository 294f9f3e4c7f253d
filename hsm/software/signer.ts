/**
 * The signer contract over keys in memory, for tests: the same permits, the same errors, no token. Production
 * wiring asks for a `Pkcs11Signer`, which this is not.
 */
import type { webcrypto } from 'node:crypto';
import { Crypto } from '@peculiar/webcrypto';
import { Admission, checkForm, checkLabel } from '../admission.js';
import { HsmError } from '../errors.js';
import type {
  KeyAlgorithm,
  KeyGenerator,
  KeyLabel,
  PublicKey,
  Signer,
  SignOutcome,
  SignRequest
} from '../signer.js';

/** The engine of the software signer, apart from Node's own so that tests have two implementations. */
const { subtle } = new Crypto() as unknown as webcrypto.Crypto;

const parameters = {
  'P-256': {
    generate: { name: 'ECDSA', namedCurve: 'P-256' },
    // ECDSA signatures of Web Cryptography are raw r‖s.
    sign: { name: 'ECDSA', hash: 'SHA-256' }
  },
  'RSA-2048': {
    generate: {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      modulusLength: 2048,
      publicExponent: Uint8Array.of(1, 0, 1)
    },
    sign: { name: 'RSASSA-PKCS1-v1_5' }
  }
} as const satisfies Record<KeyAlgorithm, object>;

export interface SoftwareSignerOptions {
  readonly permitSecret: Uint8Array;
  /** As for the PKCS#11 signer: the one key of purpose `health`. */
  readonly healthKey?: string;
}

interface SoftwareKey {
  readonly publicKey: PublicKey;
  readonly privateKey: webcrypto.CryptoKey;
}

export class SoftwareSigner implements Signer, KeyGenerator {
  readonly kind = 'software';
  readonly #admission: Admission;
  readonly #keys = new Map<KeyLabel, SoftwareKey>();

  constructor({ permitSecret, healthKey }: SoftwareSignerOptions) {
    this.#admission = new Admission(permitSecret, healthKey);
  }

  async generate(label: KeyLabel, algorithm: KeyAlgorithm): Promise<PublicKey> {
    checkLabel(label);
    const { generate } = parameters[algorithm];
    const pair = await subtle.generateKey(generate, false, ['sign', 'verify']);
    const spki = new Uint8Array(await subtle.exportKey('spki', pair.publicKey));
    if (this.#keys.has(label)) throw new HsmError('hsm/key-exists', `there is a key ${label}`);
    const publicKey: PublicKey = { label, algorithm, spki };
    this.#keys.set(label, { publicKey, privateKey: pair.privateKey });
    return publicKey;
  }

  async publicKey(label: KeyLabel): Promise<PublicKey> {
    checkLabel(label);
    return this.#key(label).publicKey;
  }

  async sign(request: SignRequest): Promise<Uint8Array> {
    checkForm(request);
    // The bytes that were admitted are the bytes that are signed, whatever the caller does to its buffer.
    const data = Uint8Array.from(request.data);
    const admitted = this.#admission.admit({ ...request, data });
    const { publicKey, privateKey } = this.#key(admitted.key);
    const { sign } = parameters[publicKey.algorithm];
    return new Uint8Array(await subtle.sign(sign, privateKey, data));
  }

  async signMany(requests: readonly SignRequest[]): Promise<SignOutcome[]> {
    return Promise.all(
      requests.map(request =>
        this.sign(request).then<SignOutcome, SignOutcome>(
          signature => ({ ok: true, signature }),
          (error: unknown) => ({
            ok: false,
            error: error instanceof Error ? error : new Error(String(error))
          })
        )
      )
    );
  }

  #key(label: KeyLabel): SoftwareKey {
    const key = this.#keys.get(label);
    if (key === undefined) throw new HsmError('hsm/key-not-found', `there is no key ${label}`);
    return key;
  }
}
