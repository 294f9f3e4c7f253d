import { createHash } from 'node:crypto';
import { defaultPolicy, parseCertificate } from '../../pki/index.js';
import { checkRequestAndPossession, requestPolicy, type RequestKind } from '../../pki/request/index.js';
import {
  decodeClaim,
  decodeOrder,
  encodeReport,
  type ItemOutcome,
  type Lane,
  type Order,
  type SignedOrder
} from '../../pki/messages/index.js';
import { verifyWithKnownKey } from '../../pki/verify/index.js';
import type { Client, Reply } from './client.js';
import type { TestHierarchy } from './hierarchy.js';

/**
 * Stands in for the CA in the RA's tests: claims and reports through the RA's own internal listener, issues each
 * request once with the profile's template, and remembers what it did. The real CA has its own tests.
 */
export class TestCa {
  readonly #client: Client;
  readonly #hierarchy: TestHierarchy;
  readonly #spki: Uint8Array;
  readonly #lane: Lane;
  readonly #byRequest = new Map<string, Uint8Array>();
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  /** Every order claimed, in order. */
  readonly orders: Order[] = [];
  /** While set, requests are refused with this code. */
  refuseWith: string | undefined;
  /** While set, orders are claimed and kept. */
  keepOrders = false;
  readonly kept: SignedOrder[] = [];

  constructor(client: Client, hierarchy: TestHierarchy, statementSpki: Uint8Array, lane: Lane = 'adhoc') {
    this.#lane = lane;
    this.#client = client;
    this.#hierarchy = hierarchy;
    this.#spki = statementSpki;
  }

  /** Certificates issued. */
  get issued(): number {
    return this.#byRequest.size;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async claim(waitSeconds: number, signal?: AbortSignal): Promise<SignedOrder[]> {
    const reply = await this.#client.send({
      method: 'POST',
      path: `/ca/v1/claim?lane=${this.#lane}&wait=${waitSeconds}`,
      ...(signal && { signal })
    });
    if (reply.status !== 200) throw new Error(`claim answered ${reply.status}`);
    return decodeClaim(reply.body);
  }

  async report(bytes: Uint8Array): Promise<Reply> {
    return this.#client.send({ method: 'POST', path: '/ca/v1/report', body: bytes });
  }

  /** Verifies an order and makes the report of it. */
  async execute(signed: SignedOrder): Promise<Uint8Array> {
    const keyId = createHash('sha256').update(this.#spki).digest();
    if (!keyId.equals(signed.keyId)) throw new Error('an order with another key');
    if (!verifyWithKnownKey(this.#spki, signed.bytes, signed.signature, 'raw'))
      throw new Error('an order not signed');
    const order = decodeOrder(signed.bytes);
    this.orders.push(order);
    const outcomes: ItemOutcome[] = [];
    for (const { requestId, csr } of order.items) {
      if (this.refuseWith !== undefined) {
        outcomes.push({ kind: 'refused', requestId, code: this.refuseWith, detail: 'asked to' });
        continue;
      }
      const id = Buffer.from(requestId).toString('hex');
      const certificate = this.#byRequest.get(id) ?? (await this.#issue(order, csr));
      this.#byRequest.set(id, certificate);
      outcomes.push({ kind: 'issued', requestId, certificate });
    }
    return encodeReport({ orderId: order.orderId, outcomes });
  }

  async #issue(order: Order, csr: Uint8Array): Promise<Uint8Array> {
    const kind: RequestKind =
      order.domain === 'iki' ? 'iki-client' : order.domain === 'smki-device' ? 'device' : 'organisation';
    const facts = await checkRequestAndPossession(csr, kind, requestPolicy(defaultPolicy('test'), new Set()));
    const at = new Date(Math.floor(Date.now() / 1000) * 1000);
    const der = this.#hierarchy.issue(facts.profile, facts.spki, facts, at);
    parseCertificate(der);
    return der;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      let orders: SignedOrder[];
      try {
        orders = await this.claim(20, this.#stop.signal);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        throw error;
      }
      for (const order of orders) {
        if (this.keepOrders) {
          this.kept.push(order);
          continue;
        }
        const reply = await this.report(await this.execute(order));
        if (reply.status !== 200) throw new Error(`report answered ${reply.status}`);
      }
    }
  }
}
