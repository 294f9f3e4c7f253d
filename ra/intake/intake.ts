import type { RequestFacts, RequestKind } from '../../pki/request/index.js';
import type { Client, ClientInterface } from '../parties.js';
import type { PeerCertificate } from '../peer.js';
import type { DeviceCount } from '../issuance/device-count.js';
import type { RegisteredKey } from '../issuance/key-registry.js';
import type { StoredRequest } from '../issuance/requests.js';

/** What an interface reads from a message. */
export interface Message {
  /** Base64 text of the CSR as it stood in the message. */
  readonly csrText: string;
  /** `base64text`: no armour, no white space (SEC Appendix M App. A); `portal`: the forms of 2.3. */
  readonly form: 'base64text' | 'portal';
}

/** By which way a request came; `admin` is the operator's own, for an Authorised System's certificate. */
export type IntakeInterface = ClientInterface | 'admin';

/**
 * One request on its way through the checks. Each check adds what it learned; reading what no check has learned
 * yet is a defect of the table's order.
 */
export class Intake {
  readonly interface: IntakeInterface;
  readonly kind: RequestKind;
  readonly arrivedAt: Date;
  /** Who sits at the other end of the TLS connection; absent for `admin`. */
  readonly peer: PeerCertificate | undefined;
  /** Reads the message with the interface's own schema; throws a `Refusal` of `message/*`. Absent where `csr` is given. */
  readonly readMessage: (() => Message) | undefined;
  /** Set by the interface check. */
  #client: Client | undefined;
  #message: Message | undefined;
  #csr: Uint8Array | undefined;
  #facts: RequestFacts | undefined;
  #validatedAt: Date | undefined;
  /** The request this one repeats, if the same system sent the same bytes before. */
  earlier: StoredRequest | undefined;
  /** The request that has its public key and ended without a certificate: the key is to pass to this one. */
  takesOver: string | undefined;
  /** Who has its public key, as last read. */
  keyOwner: { readonly registered: RegisteredKey | undefined } | undefined;
  /** Certificates and places of its device, as last read. */
  deviceCount: DeviceCount | undefined;

  constructor(fields: {
    interface: IntakeInterface;
    kind: RequestKind;
    arrivedAt: Date;
    peer: PeerCertificate | undefined;
    readMessage?: () => Message;
    /** Where the interface has established it already. */
    client?: Client;
    /** Where the request is decoded already. */
    csr?: Uint8Array;
  }) {
    this.interface = fields.interface;
    this.kind = fields.kind;
    this.arrivedAt = fields.arrivedAt;
    this.peer = fields.peer;
    this.readMessage = fields.readMessage;
    this.#client = fields.client;
    this.#csr = fields.csr;
  }

  get client(): Client {
    return learned(this.#client, 'client');
  }
  set client(client: Client) {
    this.#client = client;
  }
  get message(): Message {
    return learned(this.#message, 'message');
  }
  set message(message: Message) {
    this.#message = message;
  }
  get csr(): Uint8Array {
    return learned(this.#csr, 'CSR');
  }
  set csr(csr: Uint8Array) {
    this.#csr = csr;
  }
  get facts(): RequestFacts {
    return learned(this.#facts, 'request facts');
  }
  set facts(facts: RequestFacts) {
    this.#facts = facts;
  }
  get validatedAt(): Date {
    return learned(this.#validatedAt, 'time of validation');
  }
  set validatedAt(at: Date) {
    this.#validatedAt = at;
  }

  /** What may not be known yet; for audit events of a refusal, among others. */
  get known(): {
    client: Client | undefined;
    csr: Uint8Array | undefined;
    facts: RequestFacts | undefined;
  } {
    return { client: this.#client, csr: this.#csr, facts: this.#facts };
  }

  /** EUI-64 of the device; device requests only. */
  get device(): bigint {
    return learned(this.facts.eui, 'device identifier');
  }
}

function learned<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is not known at this point of the intake`);
  return value;
}
