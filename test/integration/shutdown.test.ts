import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { newDeviceRequest } from '../../ops/launch/new-request.js';
import { demoHwType } from '../../ops/launch/seed.js';
import { startTestSystem, type TestSystem } from '../kit/system.js';
import { newDeviceId, sendAdHoc, sendEnrolment, untilIssued } from './talk.js';

describe('a registration authority told to stop', function () {
  this.timeout(120_000);
  let test: TestSystem;

  before('start', async () => {
    test = await startTestSystem({ limits: 'production' });
  });
  after('stop', () => test?.stop());

  it('answers who waits for a certificate, and does not wait for the long polls of the CA', async () => {
    const device = newDeviceId();
    await untilIssued(() =>
      sendEnrolment(test.maker(), 'device', newDeviceRequest(device, 'DS', demoHwType).csr)
    );
    await test.kill('ca-1');
    const answer = sendAdHoc(test.subscriber(), newDeviceRequest(device, 'DS', demoHwType).csr);
    await sleep(1_000);
    const began = performance.now();
    await test.process('ra-1').stop(20_000);
    expect(performance.now() - began).to.be.lessThan(4_000);
    expect(await answer).to.include({ kind: 'refused', status: 'CA_ERROR' });
  });
});
