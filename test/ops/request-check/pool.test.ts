import { pathToFileURL } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import type * as Pool from '../../../ops/request-check/pool.js';
import { defaultPolicy } from '../../../pki/index.js';
import type { RequestRefused } from '../../../pki/request/index.js';
import { checkRequestAndPossession, requestPolicy } from '../../../pki/request/index.js';
import type { RequestVerdict } from '../../../ra/deps.js';
import { compiled } from '../../kit/compiled.js';
import { deviceRequest, ikiClientRequest, organisationRequest } from '../../kit/requests.js';
import { rejected } from '../database/rejected.js';

const policy = requestPolicy(defaultPolicy('test'), new Set());

type Unchecked = Parameters<Pool.RequestCheckPool['check']>[0][number];

// Worker threads load compiled programs only.
const { RequestCheckUnavailable, startRequestCheckPool } = (await import(
  pathToFileURL(compiled('ops/request-check/pool')).href
)) as typeof Pool;

/** What the check itself says, without a thread in between. */
async function bare({ bytes, kind }: Unchecked): Promise<RequestVerdict> {
  try {
    return { ok: true, facts: await checkRequestAndPossession(bytes, kind, policy) };
  } catch (error) {
    const { rule, code, detail } = error as RequestRefused;
    return { ok: false, rule, code, detail };
  }
}

function forged(): Unchecked {
  const bytes = deviceRequest();
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
  return { bytes, kind: 'device' };
}

describe('ops/request-check: the pool', function () {
  this.timeout(30_000);

  it('answers a group in its order, verdicts as the checks give them', async () => {
    const pool = startRequestCheckPool(policy, 2);
    try {
      const kinds: Unchecked[] = [
        { bytes: deviceRequest(), kind: 'device' },
        { bytes: deviceRequest({ usage: 'keyAgreement' }), kind: 'device' },
        forged(),
        { bytes: organisationRequest({ commonName: 'Zähler AG' }), kind: 'organisation' },
        { bytes: ikiClientRequest(), kind: 'iki-client' },
        { bytes: new Uint8Array([0x30, 0]), kind: 'device' },
        { bytes: new Uint8Array(0), kind: 'device' },
        { bytes: deviceRequest(), kind: 'organisation' }
      ];
      // Several slices, and each request at another place of its slice.
      const requests = Array.from({ length: 101 }, (_, index) => kinds[(index * 5) % 8] as Unchecked);
      const verdicts = await pool.check(requests, 'batch');
      const expected = new Map(await Promise.all(kinds.map(async one => [one, await bare(one)] as const)));
      expect(verdicts).to.deep.equal(requests.map(one => expected.get(one)));
      expect(await pool.check([], 'adhoc')).to.deep.equal([]);
    } finally {
      await pool.close();
    }
  });

  it('leaves the requests to their owner', async () => {
    const pool = startRequestCheckPool(policy);
    try {
      const bytes = deviceRequest();
      const before = Buffer.from(bytes).toString('hex');
      await pool.check([{ bytes, kind: 'device' }], 'adhoc');
      expect(Buffer.from(bytes).toString('hex')).to.equal(before);
    } finally {
      await pool.close();
    }
  });

  it('takes an ad hoc request before the rest of a batch', async () => {
    const pool = startRequestCheckPool(policy);
    try {
      const one: Unchecked = { bytes: deviceRequest(), kind: 'device' };
      const done: string[] = [];
      const batch = pool.check(Array<Unchecked>(1_000).fill(one), 'batch').then(() => done.push('batch'));
      const adhoc = pool.check([one], 'adhoc').then(() => done.push('adhoc'));
      await Promise.all([batch, adhoc]);
      expect(done).to.deep.equal(['adhoc', 'batch']);
    } finally {
      await pool.close();
    }
  });

  it('refuses what its queue does not hold, each lane by itself', async () => {
    const pool = startRequestCheckPool(policy);
    const one: Unchecked = { bytes: new Uint8Array(0), kind: 'device' };
    const group = Array<Unchecked>(1_000).fill(one);
    const calls = Array.from({ length: 12 }, () =>
      pool.check(group, 'batch').catch((error: unknown) => error)
    );
    const adhoc = await pool.check([one], 'adhoc');
    expect(adhoc.map(({ ok }) => ok)).to.deep.equal([false]);
    const answers = await Promise.all(calls);
    const full = answers.filter(answer => answer instanceof RequestCheckUnavailable);
    expect(full).to.have.length.within(1, 4);
    expect(answers.filter(Array.isArray)).to.have.length(12 - full.length);
    // Room again.
    expect(await pool.check(group, 'batch')).to.have.length(1_000);
    await pool.close();
  });

  it('fails the calls of a worker that dies, and puts another in its place', async () => {
    const workers: Worker[] = [];
    const note = (worker: Worker): number => workers.push(worker);
    process.on('worker', note);
    const pool = startRequestCheckPool(policy);
    try {
      const one: Unchecked = { bytes: deviceRequest(), kind: 'device' };
      await pool.check([one], 'adhoc');
      const calls = [
        rejected(pool.check(Array<Unchecked>(500).fill(one), 'batch')),
        pool.check([one], 'adhoc')
      ] as const;
      await workers[0]?.terminate();
      expect(await calls[0]).to.be.instanceOf(RequestCheckUnavailable);
      // Not yet handed to the worker that died, or failed with it: never without an answer.
      await calls[1].catch((error: unknown) => expect(error).to.be.instanceOf(RequestCheckUnavailable));
      expect((await pool.check([one], 'adhoc')).map(({ ok }) => ok)).to.deep.equal([true]);
      expect(workers).to.have.length(2);
    } finally {
      process.off('worker', note);
      await pool.close();
    }
  });

  it('answers a fault of the check itself as unavailability, and goes on', async () => {
    // A policy that is none: a set with a member of another type breaks the check of known keys.
    const broken = { ...policy, knownBadKeys: undefined } as unknown as typeof policy;
    const pool = startRequestCheckPool(broken);
    try {
      const one: Unchecked = { bytes: deviceRequest(), kind: 'device' };
      for (let times = 0; times < 2; times++)
        expect(await rejected(pool.check([one], 'adhoc'))).to.be.instanceOf(RequestCheckUnavailable);
    } finally {
      await pool.close();
    }
  });

  it('is closed once and for all', async () => {
    const pool = startRequestCheckPool(policy);
    const one: Unchecked = { bytes: deviceRequest(), kind: 'device' };
    const open = rejected(pool.check(Array<Unchecked>(1_000).fill(one), 'batch'));
    await pool.close();
    expect(await open).to.be.instanceOf(RequestCheckUnavailable);
    expect(await rejected(pool.check([one], 'adhoc'))).to.be.instanceOf(RequestCheckUnavailable);
  });
});
