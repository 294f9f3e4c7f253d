import { expect } from 'chai';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { AuditTicket } from '../../ops/kit/audit.js';
import { createDelivery, type DeliveryDeps } from '../../ca/deliver.js';
import { quick } from './kit.js';

describe('ca: delivery', () => {
  it('keeps the latest tickets only, however long the audit log is away', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    // Remembering asks nothing of anybody.
    const delivery = createDelivery({ config: { limits: quick } } as unknown as DeliveryDeps);
    const kept: WeakRef<AuditTicket>[] = [];
    for (let order = 0; order < 5_000; order++) {
      const ticket: AuditTicket = { ids: [String(order)] };
      kept.push(new WeakRef(ticket));
      delivery.remember(String(order), [ticket]);
    }
    // A weak reference holds on to its object until the turn ends.
    await new Promise(resolve => setTimeout(resolve, 10));
    collect();
    expect(kept.filter(ticket => ticket.deref() !== undefined).length).to.be.at.most(1_000);
    delivery.remember('last', []);
  });
});
