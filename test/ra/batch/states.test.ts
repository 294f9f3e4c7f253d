import { expect } from 'chai';
import { batchStates, transitions } from '../../../ra/batch/states.js';
import { eventually } from '../eventually.js';
import { field, Stand, type Subscriber } from '../stand.js';
import type { TestCa } from '../test-ca.js';
import { newRequest, newRequests } from './devices.js';
import { batchMessage, items, poll, pollUntil, submit } from './messages.js';

describe('states of a batch', function () {
  this.timeout(60_000);
  let stand: Stand;
  let maker: Subscriber;
  let other: Subscriber;
  let ca: TestCa;

  before(async function () {
    this.timeout(90_000);
    stand = await Stand.open(
      { batches: { pollMs: 30, retentionMs: 100, caRetryMs: 10, groupMin: 2, groupMax: 4 } },
      { 'batch.notice.requests': { value: 30 } }
    );
    stand.ca.start();
    maker = await stand.subscriber({ actingRoles: ['manufacturer'], ou: '7F' });
    other = await stand.subscriber({ actingRoles: ['manufacturer'], ou: '7F' });
    ca = stand.newCa(stand.first, 'batch');
    ca.start();
  });
  after(async () => stand.close());
  afterEach(() => {
    stand.faults.clockOffset = 0;
    stand.faults.stage = () => undefined;
    ca.keepOrders = false;
  });

  const send = async (requests: readonly Uint8Array[], from = maker): Promise<string> => {
    const { status, batchId } = await submit(from.client, batchMessage(items(...requests)));
    expect(status).to.equal('PENDING');
    return batchId ?? '';
  };
  const decide = async (batchId: string, act: 'approve' | 'reject', body: object) => {
    const { status, body: answer } = await stand.first.operator.json(
      'POST',
      `/admin/v1/batches/${batchId}/${act}`,
      body
    );
    return { status, answer: JSON.parse(answer.toString()) as Record<string, unknown> };
  };
  const approve = (batchId: string) => decide(batchId, 'approve', { officer: 'officer-1' });
  const events = async (batchId: string): Promise<string[]> => {
    const types = [...new Set(transitions.map(({ event }) => event))];
    const found = await Promise.all(
      types.map(async type =>
        (await stand.events(type)).some(({ batch }) => batch === batchId) ? [type] : []
      )
    );
    return found.flat();
  };

  it('knows its ways: from PENDING to an end, and no way out of one', () => {
    const reachable = new Set<string>(['PENDING']);
    for (let size = 0; size !== reachable.size;) {
      size = reachable.size;
      for (const { from, to } of transitions) if (reachable.has(from)) reachable.add(to);
    }
    expect([...reachable].sort()).to.deep.equal([...batchStates].sort());
    const ends = batchStates.filter(state => !transitions.some(({ from }) => from === state));
    expect(ends).to.deep.equal(['REJECTED', 'COMPLETED', 'TAMPERED']);
  });

  it('waits for an officer, goes on when one approves, and records each step', async () => {
    const batchId = await send(newRequests(3));
    expect((await poll(maker.client, `?BatchId=${batchId}`)).status).to.equal('PENDING');
    const approved = await decide(batchId, 'approve', { officer: 'officer-1', note: 'as announced' });
    expect(approved).to.deep.include({ status: 200 });
    expect(approved.answer).to.include({
      batchId,
      decidedBy: 'officer-1',
      note: 'as announced',
      requests: 3
    });
    await pollUntil(maker.client, batchId, 'COMPLETED');
    expect(await events(batchId)).to.deep.equal([
      'ra.batch.approved',
      'ra.batch.parsed',
      'ra.batch.started',
      'ra.batch.completed'
    ]);
    expect((await approve(batchId)).answer).to.include({ state: 'COMPLETED', decidedBy: 'officer-1' });
    expect((await decide(batchId, 'reject', { officer: 'officer-1', reason: 'late' })).status).to.equal(409);
  });

  it('ends when an officer rejects it', async () => {
    const batchId = await send(newRequests(1));
    const rejected = await decide(batchId, 'reject', { officer: 'officer-2', reason: 'not announced' });
    expect(rejected.status).to.equal(200);
    expect(await poll(maker.client, `?BatchId=${batchId}`)).to.deep.include({
      status: 'REJECTED',
      batchId,
      items: []
    });
    const view = await maker.client.json('GET', `/ra/v1/batches/${batchId}`);
    expect(JSON.parse(view.body.toString())).to.include({ state: 'REJECTED', reason: 'not announced' });
    expect((await approve(batchId)).status).to.equal(409);
    expect((await decide(batchId, 'reject', { officer: 'officer-2', reason: 'again' })).status).to.equal(200);
    expect(await stand.count('ra.batch_group', { batch_id: batchId })).to.equal(0);
  });

  it('asks officers for a name of their own form, a reason, and a batch that is there', async () => {
    const batchId = await send(newRequests(1));
    for (const body of [{}, { officer: '' }, { officer: 'A B' }, { officer: 'a', extra: 1 }])
      expect((await decide(batchId, 'approve', body)).status).to.equal(400);
    expect((await decide(batchId, 'reject', { officer: 'a' })).status).to.equal(400);
    expect((await approve('999999')).status).to.equal(404);
    const listed = await stand.first.operator.json('GET', '/admin/v1/batches?state=PENDING');
    const { batches } = JSON.parse(listed.body.toString()) as { batches: { batchId: string }[] };
    expect(batches.map(entry => entry.batchId)).to.include(batchId);
    expect((await stand.first.operator.json('GET', '/admin/v1/batches?state=NONE')).status).to.equal(400);
    expect((await stand.first.operator.json('GET', `/admin/v1/batches/${batchId}/x`)).status).to.equal(404);
    expect((await stand.first.internal.json('GET', '/admin/v1/batches')).status).to.equal(404);
    expect((await maker.client.json('GET', '/admin/v1/batches')).status).to.equal(404);
  });

  it('shows its own batches alone, and tells nothing of others', async () => {
    const mine = await send(newRequests(1));
    const theirs = await send(newRequests(1), other);
    const unknown = { status: 'FORMAT_ERROR', errorCode: 'FM:AA3', id: undefined, batchId: undefined };
    for (const query of [
      `?BatchId=${theirs}`,
      '?BatchId=999999',
      '?BatchId=0',
      '?BatchId=01',
      `?BatchId=${'9'.repeat(30)}`
    ])
      expect(await poll(maker.client, query)).to.include(unknown);
    for (const query of [
      '',
      '?',
      '?BatchId=',
      '?BatchId=x',
      '?BatchId=-1',
      '?BatchId=1.0',
      '?batchid=1',
      `?BatchId=${mine}&BatchId=${mine}`,
      `?BatchId=${mine}&x=1`,
      `?BatchId=${mine}%00`
    ])
      expect(await poll(maker.client, query), query).to.include({
        status: 'FORMAT_ERROR',
        errorCode: 'FM:AA4'
      });
    expect((await maker.client.json('GET', `/ra/v1/batches/${theirs}`)).status).to.equal(404);
    const listed = await maker.client.json('GET', '/ra/v1/batches');
    const ids = (JSON.parse(listed.body.toString()) as { batches: { batchId: string }[] }).batches.map(
      ({ batchId }) => batchId
    );
    expect(ids).to.include(mine);
    expect(ids).not.to.include(theirs);
  });

  it('finds a chunk that was changed between upload and parsing, and ends', async () => {
    const batchId = await send(newRequests(2));
    await stand.database.ownerKnex.raw(
      `update ra.batch_chunk set octets = set_byte(octets, 40, get_byte(octets, 40) # 1) where batch_id = ?`,
      [batchId]
    );
    await approve(batchId);
    expect(await pollUntil(maker.client, batchId, 'TAMPERED')).to.deep.include({ items: [] });
    expect(await events(batchId)).to.deep.equal(['ra.batch.approved', 'ra.alarm.batch']);
    expect(await stand.count('ra.batch_group', { batch_id: batchId })).to.equal(0);
    expect(await stand.first.metrics.metrics()).to.match(/opensmki_ra_alarms_total\{kind="batch"\} [1-9]/);
  });

  it('finds chunks that are cut, missing or of another number', async () => {
    for (const damage of [
      'update ra.batch_chunk set octets = substr(octets, 1, 100) where batch_id = ?',
      'delete from ra.batch_chunk where batch_id = ?',
      'update ra.batch_chunk set items = items + 1 where batch_id = ?',
      'update ra.batch_chunk set first_item = 1 where batch_id = ?'
    ]) {
      const batchId = await send(newRequests(1), other);
      await stand.database.ownerKnex.raw(damage, [batchId]);
      await approve(batchId);
      await pollUntil(other.client, batchId, 'TAMPERED');
    }
  });

  it('finds a chunk that was changed after parsing before anything of it is acted on', async () => {
    let parsed: () => void = () => undefined;
    const held = new Promise<void>(resolve => (parsed = resolve));
    stand.faults.stage = async point => {
      if (point === 'ra:batch-parse:after') await held;
    };
    const batchId = await send(newRequests(2), other);
    await approve(batchId);
    await pollUntil(other.client, batchId, 'QUEUED');
    await stand.database.ownerKnex.raw(
      `update ra.batch_chunk set octets = set_byte(octets, 40, get_byte(octets, 40) # 1) where batch_id = ?`,
      [batchId]
    );
    parsed();
    await pollUntil(other.client, batchId, 'TAMPERED');
    expect(await stand.count('ra.batch_group', { batch_id: batchId })).to.equal(0);
  });

  it('leaves a party over its notice to an officer, and says so', async () => {
    const third = await stand.subscriber({ actingRoles: ['manufacturer'], ou: '7F' });
    await send(newRequests(20), third);
    const batchId = await send(newRequests(11), third);
    const [noted] = (await stand.events('ra.batch.notice')).filter(({ batch }) => batch === batchId);
    expect(noted).to.include({ requests: 31, notice: 30 });
    const view = await stand.first.operator.json('GET', `/admin/v1/batches/${batchId}`);
    expect(JSON.parse(view.body.toString())).to.include({ overNotice: true });
  });

  it('refuses the requests of a party that was suspended after it submitted them', async () => {
    const fourth = await stand.subscriber({ actingRoles: ['manufacturer'], ou: '7F' });
    const batchId = await send(newRequests(2), fourth);
    const change = (state: string) =>
      stand.first.operator.json('POST', `/admin/v1/parties/${fourth.partyId}`, { state });
    expect((await change('suspended')).status).to.equal(200);
    expect(await poll(fourth.client, `?BatchId=${batchId}`)).to.include({ errorCode: 'WF:PA1' });
    await approve(batchId);
    await eventually(async () => (await events(batchId)).includes('ra.batch.completed'));
    expect((await change('active')).status).to.equal(200);
    const { items: certificates } = await poll(fourth.client, `?BatchId=${batchId}`);
    expect(certificates.map(({ status, errorCode }) => [status, errorCode])).to.deep.equal(
      Array(2).fill(['WORKFLOW_ERROR', 'WF:PA1'])
    );
  });

  it('shows how far it is', async () => {
    ca.keepOrders = true;
    const batchId = await send(newRequests(7), other);
    await approve(batchId);
    const progress = async (): Promise<Record<string, unknown>> => {
      const view = await other.client.json('GET', `/ra/v1/batches/${batchId}`);
      return JSON.parse(view.body.toString()) as Record<string, unknown>;
    };
    await eventually(async () => (await progress())['ordered'] === 7);
    expect(await progress()).to.include({
      name: 'B1',
      source: 'batch',
      state: 'PROCESSING',
      requests: 7,
      parsed: 7,
      done: 0,
      issued: 0,
      refused: 0
    });
    await eventually(() => ca.kept.reduce((n, order) => n + (order.bytes.length > 0 ? 1 : 0), 0) >= 2);
    ca.keepOrders = false;
    for (const order of ca.kept.splice(0))
      expect((await ca.report(await ca.execute(order))).status).to.equal(200);
    await pollUntil(other.client, batchId, 'COMPLETED');
    const done = await progress();
    expect(done).to.include({ state: 'COMPLETED', done: 7, issued: 7, refused: 0 });
    expect(Date.parse(String(done['availableUntil'])) - Date.parse(String(done['completedAt']))).to.equal(
      30 * 86_400_000
    );
  });

  it('hands out results for thirty days, then deletes them and remembers what was certified', async () => {
    const [first = new Uint8Array()] = newRequests(1);
    const batchId = await send([first], other);
    await approve(batchId);
    expect((await pollUntil(other.client, batchId, 'COMPLETED')).items).to.have.lengthOf(1);
    stand.faults.clockOffset = 29.9 * 86_400_000;
    expect((await poll(other.client, `?BatchId=${batchId}`)).items).to.have.lengthOf(1);
    stand.faults.clockOffset = 30.1 * 86_400_000;
    expect(await poll(other.client, `?BatchId=${batchId}`)).to.include({
      status: 'FORMAT_ERROR',
      errorCode: 'FM:AA5'
    });
    await eventually(async () =>
      (await stand.events('ra.batch.erased')).some(({ batch }) => batch === batchId)
    );
    expect(await stand.count('ra.batch_chunk', { batch_id: batchId })).to.equal(0);
    expect(await stand.count('ra.batch_group', `batch_id = ${batchId} and results is not null`)).to.equal(0);
    expect(await poll(other.client, `?BatchId=${batchId}`)).to.include({ errorCode: 'FM:AA5' });
    const again = await send([first], other);
    await approve(again);
    expect((await pollUntil(other.client, again, 'COMPLETED')).items[0]).to.include({
      errorCode: 'CR:9999'
    });
  });

  it('lets the runtime role delete nothing before its time', async () => {
    const batchId = await send(newRequests(1));
    const { knex } = stand.database;
    const refusedBy = async (run: Promise<unknown>): Promise<string> =>
      run.then(
        () => 'done',
        (error: unknown) => (error as { code: string }).code
      );
    expect(await refusedBy(knex.raw('delete from ra.batch_chunk where batch_id = ?', [batchId]))).to.equal(
      '42501'
    );
    expect(await refusedBy(knex.raw('delete from ra.batch where id = ?', [batchId]))).to.equal('42501');
    expect(await refusedBy(knex.raw('update ra.batch set seal = seal where id = ?', [batchId]))).to.equal(
      '42501'
    );
    expect(
      await refusedBy(knex.raw('update ra.batch_chunk set octets = octets where batch_id = ?', [batchId]))
    ).to.equal('42501');
    const row = await knex.raw<{ rows: { erased: boolean }[] }>('select ra.erase_batch(?, now()) as erased', [
      batchId
    ]);
    expect(row.rows[0]?.erased).to.equal(false);
    expect(await stand.count('ra.batch_chunk', { batch_id: batchId })).to.equal(1);
  });

  it('keeps the registry of systems apart: one that is not registered for batches sees none', async () => {
    const json = await stand.subscriber({ interfaces: ['json'] });
    expect((await json.client.json('GET', '/ra/v1/batches')).status).to.equal(403);
    expect(field((await json.client.json('GET', '/ra/v1/batches')).body, 'code')).to.equal(
      'client/interface'
    );
    expect(await poll(json.client, '?BatchId=1')).to.include({ errorCode: 'WF:IF6' });
  });
});

describe('window of processing', function () {
  this.timeout(60_000);
  let stand: Stand;
  let maker: Subscriber;

  const at = (text: string): void => {
    const moment = Date.parse(text);
    stand.now = () => new Date(moment);
  };

  before(async function () {
    this.timeout(90_000);
    stand = await Stand.open(
      {
        batches: {
          approval: 'rule',
          pollMs: 30,
          groupMin: 4,
          groupMax: 4,
          groupsInFlight: 2,
          leaseMs: 600_000
        }
      },
      { 'batch.window': { value: 'night' }, 'batch.night.requests': { value: 12 } }
    );
    stand.ca.start();
    maker = await stand.subscriber({ actingRoles: ['manufacturer'], ou: '7F' });
  });
  after(async () => stand.close());

  it('processes at night, pauses in the morning and goes on in the next night, so many requests each', async () => {
    const day = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    const next = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10);
    at(`${day}T12:00:00Z`);
    const { batchId } = await submit(maker.client, batchMessage(items(...newRequests(16))));
    await pollUntil(maker.client, batchId, 'QUEUED');
    const ca = stand.newCa(stand.first, 'batch');
    ca.keepOrders = true;
    ca.start();
    at(`${day}T21:00:00Z`);
    await pollUntil(maker.client, batchId, 'PROCESSING');
    // Two groups in flight are all that is ordered while the CA does not answer.
    await eventually(() => ca.kept.length === 2);
    at(`${next}T09:30:00Z`);
    await pollUntil(maker.client, batchId, 'PAUSED');
    // What the CA had in hand is settled in the pause, and nothing else is ordered.
    for (const order of ca.kept.splice(0))
      expect((await ca.report(await ca.execute(order))).status).to.equal(200);
    expect((await poll(maker.client, `?BatchId=${batchId ?? ''}`)).status).to.equal('PAUSED');
    expect(await stand.count('ra.batch_group', { batch_id: batchId ?? '', state: 'settled' })).to.equal(2);
    expect(ca.kept).to.deep.equal([]);
    ca.keepOrders = false;
    at(`${next}T22:00:00Z`);
    expect((await pollUntil(maker.client, batchId, 'COMPLETED')).items).to.have.lengthOf(16);
    const types = ['ra.batch.started', 'ra.batch.paused', 'ra.batch.resumed', 'ra.batch.completed'];
    for (const type of types) expect(await stand.events(type), type).to.have.lengthOf(1);
  });

  it('leaves what is over the figure of a night to the next one', async () => {
    const day = new Date(Date.now() + 4 * 86_400_000).toISOString().slice(0, 10);
    const next = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);
    at(`${day}T22:00:00Z`);
    const { batchId } = await submit(maker.client, batchMessage(items(...newRequests(14))));
    await pollUntil(maker.client, batchId, 'PAUSED');
    await eventually(
      async () => (await stand.count('ra.batch_group', { batch_id: batchId ?? '', state: 'settled' })) === 3
    );
    const late = await submit(maker.client, batchMessage(items(newRequest())));
    await pollUntil(maker.client, late.batchId, 'QUEUED');
    at(`${next}T22:00:00Z`);
    await pollUntil(maker.client, batchId, 'COMPLETED');
    await pollUntil(maker.client, late.batchId, 'COMPLETED');
  });
});
