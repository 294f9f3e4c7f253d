import { expect } from 'chai';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { AuditTicket } from '../../ops/kit/audit.js';
import { createDelivery, type DeliveryDeps } from '../../ca/deliver.js';
import { quick } from './kit.js';

describe('ca: delivery', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;

  /** Deliveries while everything is away: the audit log refuses, and so does the database. */
  const away = createDelivery({
    config: { limits: quick },
    log: { warn: () => undefined },
    audit: { seal: () => Promise.reject(new Error('away')) },
    database: { raw: () => Promise.reject(new Error('away')) },
    stage: async () => undefined,
    ...{ ras: [], repositories: [] }
  } as unknown as DeliveryDeps);

  async function alive(references: readonly WeakRef<object>[]): Promise<number> {
    // A weak reference holds on to its object until the turn ends.
    await new Promise(resolve => setTimeout(resolve, 10));
    collect();
    return references.filter(reference => reference.deref() !== undefined).length;
  }

  it('keeps the latest orders only, however long the audit log is away', async () => {
    const kept: WeakRef<AuditTicket>[] = [];
    for (let order = 0; order < 3_000; order++) {
      const ticket: AuditTicket = { ids: [String(order)] };
      kept.push(new WeakRef(ticket));
      const orderId = String(order);
      await away.deliver({ orderId, ra: '', publish: false, tickets: [ticket], told: undefined });
    }
    expect(await alive(kept)).to.be.within(1, 1_000);
  });

  it('keeps certificates of a few megabytes only: of older orders the database has them', async () => {
    const kept: WeakRef<Uint8Array>[] = [];
    for (let order = 0; order < 100; order++) {
      const certificate = new Uint8Array(1024 * 1024);
      kept.push(new WeakRef(certificate));
      const requestId = new Uint8Array(16);
      const report = { orderId: requestId, outcomes: [{ kind: 'issued', requestId, certificate } as const] };
      await away.deliver({
        ...{ orderId: `large ${order}`, ra: '', publish: false, tickets: [{ ids: [] }] },
        told: { published: [], report }
      });
    }
    expect(await alive(kept)).to.be.within(1, 17);
    await away.deliver({ orderId: 'last', ra: '', publish: false, tickets: [], told: undefined });
  });
});
