import { open } from 'node:fs/promises';
import type pg from 'pg';
import { parseCertificate, parseRequest, sha256 } from '../../../pki/index.js';
import { GroupFacts, GroupResults } from '../../../ra/batch/packed-group.js';
import { readLines } from '../../audit/chain-file.js';
import { parseEntry, type Entry } from '../../audit/entry.js';
import { verifyAudit } from '../../audit/index.js';
import { connect } from '../../database/index.js';
import { createHttpClient } from '../../http/index.js';
import type { System } from '../../launch/system.js';
import { components, type BenchSystem } from '../stand/system.js';
import type { AuditedItem } from './profile.js';

/** Rows asked for at once. */
const rowsPerQuestion = 2_000;

interface SerialRow {
  readonly serial: string;
  readonly der: Buffer;
}

/** Serial numbers are unique, and the CA's ledger and the repository hold each certificate once with the same octets. */
export async function judgeLedgers(admin: pg.Client, items: readonly AuditedItem[]): Promise<string[]> {
  const bySerial = new Map(items.map(item => [serialOf(item), item]));
  const findings =
    bySerial.size === items.length
      ? []
      : [`${items.length} certificates with ${bySerial.size} serial numbers`];
  const serials = [...bySerial.keys()];
  for (const table of ['ca.certificate', 'repository.certificate']) {
    const found = new Map<string, number>();
    for (let at = 0; at < serials.length; at += rowsPerQuestion) {
      const asked = serials.slice(at, at + rowsPerQuestion);
      const { rows } = await admin.query<SerialRow>(
        `select serial, der from ${table} where serial = any($1::uuid[])`,
        [asked]
      );
      for (const { serial, der } of rows) {
        const hex = serial.replaceAll('-', '');
        found.set(hex, (found.get(hex) ?? 0) + 1);
        const item = bySerial.get(hex);
        if (item !== undefined && !der.equals(item.certificate))
          findings.push(`${item.id}: ${table} has other octets`);
      }
    }
    for (const [serial, { id }] of bySerial) {
      const times = found.get(serial) ?? 0;
      if (times !== 1) findings.push(`${id}: ${table} has its certificate ${times} times`);
    }
  }
  return findings;
}

/** A sample as relying parties get it. */
export async function judgeDownloads(system: System, sample: readonly AuditedItem[]): Promise<string[]> {
  const client = createHttpClient(system.url('repository', 'public'));
  const queue = [...sample];
  const findings: string[] = [];
  const ask = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      const { status, body } = await client.send({
        method: 'GET',
        path: `/certificates/${serialOf(item)}.cer?apikey=${encodeURIComponent(system.repositoryApiKey)}`,
        timeoutMs: 30_000
      });
      if (status !== 200 || !body.equals(item.certificate))
        findings.push(`${item.id}: the repository answers ${status}, or other octets`);
    }
  };
  try {
    await Promise.all(Array.from({ length: 8 }, ask));
  } finally {
    client.close();
  }
  return findings;
}

/** What was sent and what came of it. */
export interface AuditedBatch {
  readonly batchId: string;
  readonly requests: number;
  readonly items: readonly AuditedItem[];
}

interface GroupRow {
  readonly id: string;
  readonly first_item: number;
  readonly items: number;
  readonly facts: Buffer;
  readonly results: Buffer | null;
}

/**
 * What the RA stored of a batch's groups is of the requests that were sent and of the certificates that were answered,
 * and its digests stand in the RA's audit log; every serial number stands in the CA's.
 */
export async function judgeBooks(
  { system, admin }: BenchSystem,
  { batchId, requests, items }: AuditedBatch
): Promise<string[]> {
  const { rows } = await admin.query<GroupRow>(
    'select id, first_item, items, facts, results from ra.batch_group where batch_id = $1 order by first_item',
    [batchId]
  );
  const digests = new Map<string, string[]>();
  const listed = new Map<string, number>();
  await readEvents(system, 'ra', ({ type, facts }) => {
    if (facts['batch'] !== batchId || !type.startsWith('ra.batch.group-')) return;
    const digest = type === 'ra.batch.group-decided' ? facts['facts'] : facts['results'];
    const name = `${type} ${String(facts['group'])}`;
    digests.set(name, [...(digests.get(name) ?? []), String(digest)]);
  });
  await readEvents(system, 'ca', ({ type, facts }) => {
    if (type === 'ca.certificates.issued')
      for (const serial of facts['entries'] as string[]) {
        const name = serial.toLowerCase().padStart(32, '0');
        listed.set(name, (listed.get(name) ?? 0) + 1);
      }
  });
  const findings: string[] = [];
  const logged = (type: string, { id }: GroupRow, octets: Buffer | null): void => {
    const digest = octets === null ? '' : Buffer.from(sha256(octets)).toString('hex');
    if (digests.get(`ra.batch.${type} ${id}`)?.includes(digest) !== true)
      findings.push(`group ${id}: the RA's audit log has no ${type} with this digest`);
  };
  const byId = new Map(items.map(item => [item.id, item]));
  let next = 0;
  for (const group of rows) {
    logged('group-decided', group, group.facts);
    logged('group-settled', group, group.results);
    if (group.first_item !== next)
      findings.push(`group ${group.id} begins at ${group.first_item}, not at ${next}`);
    next = group.first_item + group.items;
    findings.push(...judgeGroup(group, byId));
  }
  if (next !== requests) findings.push(`the groups hold ${next} requests of ${requests}`);
  for (const item of items) {
    const times = listed.get(serialOf(item)) ?? 0;
    if (times !== 1)
      findings.push(`${item.id}: its serial number stands ${times} times in the CA's audit log`);
  }
  return findings;
}

function judgeGroup(
  { id, first_item, facts: packed, results: packedResults }: GroupRow,
  items: ReadonlyMap<string, AuditedItem>
): string[] {
  const facts = new GroupFacts(packed);
  const results = new GroupResults(facts.count, packedResults);
  const findings: string[] = [];
  for (let index = 0; index < facts.count; index += 1) {
    const item = items.get(facts.id(index));
    // Without a certificate, which the results said.
    if (item === undefined) continue;
    if (item.id !== `r${first_item + index}`)
      findings.push(`${item.id}: group ${id} has it in another place`);
    const same =
      facts.requestHash(index).equals(sha256(item.request)) &&
      facts.publicKeyHash(index).equals(sha256(parseRequest(item.request).publicKey.spki)) &&
      BigInt.asUintN(64, facts.signedEui(index)) === item.eui;
    if (!same) findings.push(`${item.id}: group ${id} has other facts of the request`);
    if (!Buffer.from(results.certificates[index] ?? []).equals(item.certificate))
      findings.push(`${item.id}: group ${id} has another result`);
  }
  return findings;
}

/** The audit logs are whole, and hold what the components' databases recorded: the checks of `smki audit verify`. */
export async function judgeLogs(system: System): Promise<string[]> {
  const findings: string[] = [];
  for (const component of components) {
    const knex = connect(system.databaseUrl, { applicationName: 'bench-audit', poolMax: 1 });
    try {
      for (const { instance } of system.processes[component]) {
        const file = system.data.path('audit', `${instance}.log`);
        for (const report of await verifyAudit(file, { database: { knex, component } }))
          for (const { code, seq, detail } of report.findings)
            findings.push(`${instance}: ${code} ${seq}: ${detail}`);
      }
    } finally {
      await knex.destroy();
    }
  }
  return findings;
}

/** Every event of a component's logs; an unfinished last line is not there yet. */
async function readEvents(
  system: System,
  component: (typeof components)[number],
  hear: (entry: Entry) => void
): Promise<void> {
  for (const { instance } of system.processes[component]) {
    const handle = await open(system.data.path('audit', `${instance}.log`), 'r');
    try {
      for await (const { line, end } of readLines(handle, 0)) {
        const entry = end === undefined ? undefined : parseEntry(line);
        if (entry !== undefined) hear(entry);
      }
    } finally {
      await handle.close();
    }
  }
}

/** 32 hexadecimal digits, as tables and logs are compared by. */
function serialOf({ certificate }: AuditedItem): string {
  return parseCertificate(certificate).serialHex.toLowerCase().padStart(32, '0');
}
