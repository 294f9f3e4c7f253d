import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Knex } from 'knex';
import { CliError } from './exit.js';
import { readTextFile } from './file.js';
import { registerRun } from './run.js';
import { registerStatus } from './status.js';
import { formatJson, formatTable, type Terminal } from './terminal.js';

interface Configured {
  readonly config: string;
  readonly json?: true;
}

/** `smki ca`. The CA takes no call: what is asked of it is asked of its socket or its database. */
export function registerCa(program: Command, terminal: Terminal): void {
  const ca = program.command('ca').description('the certification authorities');
  registerRun(ca, async () => (await import('../process/ca.js')).runCa);
  registerStatus(ca, terminal);

  configured(
    ca
      .command('abandoned')
      .description('lists serial numbers that were given up, and which may exist as certificates')
      .addOption(new Option('--limit <count>', 'newest rows').argParser(count).default(1_000))
  ).action(async (options: Configured & { readonly limit: number }) => {
    const { listAbandoned } = await import('../../ca/index.js');
    const rows = await withDatabase(await urlFileOf(options.config), database =>
      listAbandoned(database, options.limit)
    );
    const table = rows.map(row => [
      row.serial,
      row.issuer,
      row.mayExist ? 'yes' : 'no',
      row.reason,
      row.abandonedAt.toISOString(),
      row.orderId
    ]);
    const heading = ['serial', 'issuer', 'may exist', 'reason', 'abandoned', 'order'];
    terminal.out(options.json ? formatJson(rows) : formatTable(heading, table));
  });

  const keys = ca.command('ra-key').description('RA keys that went over their limit');
  configured(keys.command('stopped').description('lists the RA keys that are stopped')).action(
    async (options: Configured) => {
      const { stoppedRaKeys } = await import('../../ca/index.js');
      const rows = await withDatabase(await urlFileOf(options.config), stoppedRaKeys);
      const table = rows.map(row => [row.keyId, row.reason, row.stoppedAt.toISOString()]);
      terminal.out(options.json ? formatJson(rows) : formatTable(['key', 'reason', 'stopped'], table));
    }
  );
  keys
    .command('release')
    .description('lets a stopped RA key order again; the count of the hour stands')
    .argument('<key>', 'its id, as `stopped` shows it')
    .requiredOption(
      '--database-file <file>',
      "file with the URL of the CA schema's owner: the CA may not do this"
    )
    .requiredOption('--actor <name>', 'who releases it, for the record')
    .requiredOption('--second-actor <name>', 'who releases it with them; somebody else')
    .action(async (key: string, options: ReleaseOptions) => {
      if (!/^[0-9a-f]{64}$/.test(key))
        throw new CliError('cli/option', 'not a key id: 64 hexadecimal digits');
      const { releaseRaKey } = await import('../../ca/index.js');
      const released = await withDatabase(options.databaseFile, database =>
        releaseRaKey(database, key, [options.actor, options.secondActor])
      );
      if (released === 0) throw new CliError('cli/refused', 'no such key is stopped');
      terminal.out(`released ${key}`);
    });
}

interface ReleaseOptions {
  readonly databaseFile: string;
  readonly actor: string;
  readonly secondActor: string;
}

function configured(command: Command): Command {
  return command
    .requiredOption('--config <file>', "the CA's configuration, which names its database")
    .option('--json', 'as JSON');
}

async function urlFileOf(config: string): Promise<string> {
  const { readConfig } = await import('./config.js');
  const { loadConfig } = await import('../config/index.js');
  return readConfig(() => loadConfig(config, 'ca')).database.urlFile;
}

async function withDatabase<T>(urlFile: string, work: (database: Knex) => Promise<T>): Promise<T> {
  const url = (await readTextFile(urlFile)).trim();
  const { connect } = await import('../database/index.js');
  const database = connect(url, { schema: 'ca', applicationName: 'smki-ca' });
  try {
    return await work(database);
  } finally {
    await database.destroy();
  }
}

function count(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('a number from 1 to 999999');
  return Number(text);
}
