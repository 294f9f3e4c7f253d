import { appendFile, mkdtemp, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { pino } from 'pino';
import type { DeviceRecord } from '../../pki/messages/index.js';
import { openInventory, writeInventory, type FileInventory, type InventoryOptions } from '../../sec/index.js';

const day = 86_400_000;
const now = new Date('2026-11-23T12:00:00Z');
const supplier = 0x90b3d51f30010000n;

function record(n: number, more: Partial<DeviceRecord> = {}): DeviceRecord {
  return {
    deviceId: 0x0007810000000000n + BigInt(n),
    status: 'Commissioned',
    type: 'ESME',
    responsibleSuppliers: [supplier],
    since: new Date('2026-01-02T03:04:05.678Z'),
    ...more
  };
}

const header = (records: number, generatedAt = '2026-11-23T11:00:00Z') =>
  JSON.stringify({ format: 'opensmki-inventory-1', generatedAt, records });
const line = (more: Record<string, unknown> = {}) =>
  JSON.stringify({
    deviceId: '00-07-81-00-00-00-00-01',
    status: 'Commissioned',
    type: 'ESME',
    responsibleSuppliers: ['90-B3-D5-1F-30-01-00-00'],
    since: '2026-01-02T03:04:05Z',
    ...more
  });

describe('device inventory from a file', () => {
  let directory: string;
  let path: string;
  let clock: { at: Date; now(): Date };
  let inventory: FileInventory | undefined;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'opensmki-inventory-'));
    path = join(directory, 'inventory.jsonl');
    clock = { at: now, now: () => clock.at };
  });
  afterEach(async () => {
    inventory?.stop();
    inventory = undefined;
    await rm(directory, { recursive: true, force: true });
  });

  const open = async (more: Partial<InventoryOptions> = {}): Promise<FileInventory> => {
    inventory = await openInventory({
      path,
      staleAfterMs: day,
      pollMs: 3_600_000,
      clock,
      log: pino({ level: 'silent' }),
      ...more
    });
    return inventory;
  };
  const unavailable = async (one: FileInventory): Promise<string> =>
    one.get(record(1).deviceId).then(
      () => 'answered',
      (error: { code: string }) => error.code
    );
  const write = (records: readonly DeviceRecord[], generatedAt = now) =>
    writeInventory(path, { generatedAt, records });

  it('answers what was written, and undefined for a device that is not there', async () => {
    const records = [
      record(3, { status: 'Pending', type: 'GSME', responsibleSuppliers: [] }),
      record(1),
      record(2, { responsibleSuppliers: [supplier, supplier + 1n], type: 'CHF' }),
      record(4, { deviceId: 0xfe07810000000001n })
    ];
    await write(records);
    const one = await open();
    for (const each of records) expect(await one.get(each.deviceId)).to.deep.equal(each);
    expect(await one.get(record(5).deviceId)).to.equal(undefined);
    expect(one.health()).to.deep.equal({ healthy: true, records: 4, generatedAt: now, fault: undefined });
    expect(await readdir(directory)).to.deep.equal(['inventory.jsonl']);
  });

  it('takes an inventory without a device', async () => {
    await write([]);
    expect(await (await open()).get(record(1).deviceId)).to.equal(undefined);
  });

  const bad: Readonly<Record<string, string>> = {
    'an empty file': '',
    'no header': `${line()}\n`,
    'another format': `${header(1).replace('inventory-1', 'inventory-2')}\n${line()}\n`,
    'a header with more': `${header(0).replace('}', ',"more":1}')}\n`,
    'a reading from the future': `${header(0, '2026-11-23T12:10:00Z')}\n`,
    'a date that is none': `${header(0, '2026-02-30T00:00:00Z')}\n`,
    'fewer records than said': `${header(2)}\n${line()}\n`,
    'more records than said': `${header(0)}\n${line()}\n`,
    'a last line without its end': `${header(1)}\n${line()}`,
    'an empty line': `${header(2)}\n${line()}\n\n`,
    'a device twice': `${header(2)}\n${line()}\n${line({ status: 'Pending' })}\n`,
    'a device twice in another case': `${header(2)}\n${line({ deviceId: 'aa-07-81-00-00-00-00-01' })}\n${line({ deviceId: 'AA-07-81-00-00-00-00-01' })}\n`,
    'a status that is none': `${header(1)}\n${line({ status: 'commissioned' })}\n`,
    'a type that is none': `${header(1)}\n${line({ type: 'TOASTER' })}\n`,
    'a device id that is none': `${header(1)}\n${line({ deviceId: '0007810000000001' })}\n`,
    'a group address': `${header(1)}\n${line({ deviceId: '01-07-81-00-00-00-00-01' })}\n`,
    'a supplier that is none': `${header(1)}\n${line({ responsibleSuppliers: ['me'] })}\n`,
    'many suppliers': `${header(1)}\n${line({ responsibleSuppliers: Array.from({ length: 9 }, () => '90-B3-D5-1F-30-01-00-00') })}\n`,
    'a field too many': `${header(1)}\n${line({ owner: 'x' })}\n`,
    'a field too few': `${header(1)}\n${line({ since: undefined })}\n`,
    'a line that never ends': `${header(1)}\n${'x'.repeat(10_000)}\n`,
    'no JSON': `${header(1)}\n{\n`
  };
  for (const [title, text] of Object.entries(bad)) {
    it(`refuses ${title}, and keeps a good reading until that is stale`, async () => {
      await writeFile(path, text);
      const alone = await open();
      expect(await unavailable(alone)).to.equal('device-status/unavailable');
      expect(alone.health().healthy).to.equal(false);

      await write([record(1)], new Date(now.getTime() - 7_200_000));
      await alone.refresh();
      expect(await unavailable(alone)).to.equal('answered');
      await writeFile(path, text);
      await alone.refresh();
      expect(await unavailable(alone)).to.equal('answered');
      expect(alone.health()).to.include({ healthy: true, records: 1 });
      expect(alone.health().fault).to.match(/^line /);
      clock.at = new Date(now.getTime() + day);
      expect(await unavailable(alone)).to.equal('device-status/unavailable');
    });
  }

  it('refuses octets that are not UTF-8', async () => {
    await writeFile(path, Buffer.concat([Buffer.from(`${header(1)}\n`), Buffer.from('ff0a', 'hex')]));
    expect(await unavailable(await open())).to.equal('device-status/unavailable');
  });

  it('turns stale by the age of the reading, not of the file', async () => {
    await write([record(1)], new Date(now.getTime() - day));
    const one = await open();
    expect(await unavailable(one)).to.equal('answered');
    clock.at = new Date(now.getTime() + 1);
    expect(await unavailable(one)).to.equal('device-status/unavailable');
    await write([record(1)], now);
    await one.refresh();
    expect(await unavailable(one)).to.equal('answered');
  });

  it('is unavailable while the file cannot be read, and back when it can', async () => {
    const one = await open();
    expect(await unavailable(one)).to.equal('device-status/unavailable');
    await write([record(1)]);
    await one.refresh();
    expect(await unavailable(one)).to.equal('answered');
    await rename(path, `${path}.away`);
    await one.refresh();
    expect(await unavailable(one)).to.equal('device-status/unavailable');
    await rename(`${path}.away`, path);
    await one.refresh();
    expect(await unavailable(one)).to.equal('answered');
  });

  it('does not go back to an older reading', async () => {
    await write([record(1, { status: 'Withdrawn' })], now);
    const one = await open();
    await write([record(1)], new Date(now.getTime() - 1_000));
    await one.refresh();
    expect((await one.get(record(1).deviceId))?.status).to.equal('Withdrawn');
  });

  it('sees a change by itself, a file cut short in place included', async () => {
    await write([record(1)]);
    const one = await open({ pollMs: 10 });
    await write([record(1), record(2)], new Date(now.getTime() + 1_000));
    await until(async () => (await one.get(record(2).deviceId)) !== undefined);
    await truncate(path, 200);
    await until(async () => one.health().fault !== undefined);
    expect(await unavailable(one)).to.equal('answered');
    await appendFile(path, '\n');
    expect((await one.get(record(2).deviceId))?.status).to.equal('Commissioned');
  });

  it('answers for a hundred thousand devices', async function () {
    this.timeout(60_000);
    const records = Array.from({ length: 100_000 }, (_, n) =>
      record(n * 7, { responsibleSuppliers: [supplier + BigInt(n % 50) * 256n] })
    );
    await write(records);
    const one = await open();
    expect(one.health().records).to.equal(100_000);
    for (const n of [0, 1, 49_999, 99_999])
      expect(await one.get(records[n]?.deviceId ?? 0n)).to.deep.equal(records[n]);
    expect(await one.get(record(8).deviceId)).to.equal(undefined);
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (await condition()) return;
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  throw new Error('it did not come about');
}
