import { Option, type Command } from 'commander';
import { callAsOperator, operated, type Operated } from './operator.js';
import { registerRun } from './run.js';
import { registerStatus } from './status.js';
import { formatFields, formatJson, formatTable, type Terminal } from './terminal.js';

interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
}

/** `smki repository`. */
export function registerRepository(program: Command, terminal: Terminal): void {
  const repository = program.command('repository').description('the certificate repository');
  registerRun(repository, async () => (await import('../process/repository.js')).runRepository);
  registerStatus(repository, terminal);

  operated(
    repository
      .command('mark-in-use')
      .description('says that a certificate is on its device: it becomes I, its predecessor N')
      .argument('<serial>', 'serial number, hexadecimal')
      .addOption(new Option('--at <time>', 'when that was seen, ISO 8601 in UTC (default: now)'))
  ).action(async (serial: string, options: Operated & { readonly at?: string }) => {
    const body = { serial, ...(options.at === undefined ? {} : { at: options.at }) };
    const outcome = await callAsOperator(options.data, 'repository', {
      method: 'POST',
      path: 'mark-in-use',
      body
    });
    const { serial: inUse, replaced } = outcome as { readonly serial: string; readonly replaced?: string };
    terminal.out(
      options.json
        ? formatJson(outcome)
        : formatFields([
            ['in use', inUse],
            ['not in use any more', replaced ?? '-']
          ])
    );
  });

  const keys = repository.command('api-key').description('keys of the SMKI web service');
  operated(keys.command('list').description('lists the keys; never the keys themselves')).action(
    async (options: Operated) => {
      const { apiKeys } = (await callAsOperator(options.data, 'repository', {
        method: 'GET',
        path: 'api-keys'
      })) as { readonly apiKeys: readonly ApiKey[] };
      terminal.out(
        options.json
          ? formatJson(apiKeys)
          : formatTable(
              ['id', 'name', 'created'],
              apiKeys.map(({ id, name, createdAt }) => [id, name, createdAt])
            )
      );
    }
  );
  operated(
    keys.command('add').description('makes a key and shows it, once').argument('<name>', 'whose it is')
  ).action(async (name: string, options: Operated) => {
    const added = (await callAsOperator(options.data, 'repository', {
      method: 'POST',
      path: 'api-keys',
      body: { name }
    })) as ApiKey & { readonly key: string };
    terminal.out(
      options.json
        ? formatJson(added)
        : formatFields([
            ['id', added.id],
            ['key', added.key]
          ])
    );
  });
  operated(
    keys.command('revoke').description('ends a key').argument('<id>', 'its id, as `list` shows it')
  ).action(async (id: string, options: Operated) => {
    await callAsOperator(options.data, 'repository', {
      method: 'DELETE',
      path: `api-keys/${encodeURIComponent(id)}`
    });
    terminal.out(options.json ? formatJson({ revoked: id }) : `revoked ${id}`);
  });
}
