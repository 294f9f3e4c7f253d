import { Argument, Option, type Command } from 'commander';
import { encodePem } from '../../pki/x509/index.js';
import { actingRoles, clientInterfaces } from '../../ra/parties.js';
import { readTextFile, writeNewFile } from './file.js';
import { callAsOperator, operated, type Operated } from './operator.js';
import { formatFields, formatJson, formatTable, type Terminal } from './terminal.js';

/** As `/admin/v1/systems` answers. */
interface System {
  readonly id: string;
  readonly partyId: string;
  readonly name: string;
  readonly state: string;
  readonly interfaces: readonly string[];
  readonly actingRoles: readonly string[];
}

interface AddOptions extends Operated {
  readonly interface: readonly string[];
  readonly actingRole: readonly string[];
  readonly csr: string;
  readonly out?: string;
}

/** `smki ra system`: the Authorised Systems of parties, each with its IKI certificate. */
export function registerSystems(ra: Command, terminal: Terminal): void {
  const system = ra.command('system').description('Authorised Systems of parties');

  operated(system.command('list').description('lists the systems')).action(async (options: Operated) => {
    const answer = await callAsOperator(options.data, 'ra', { method: 'GET', path: 'systems' });
    const { systems } = answer as { readonly systems: readonly System[] };
    terminal.out(
      options.json
        ? formatJson(systems)
        : formatTable(
            ['id', 'party', 'name', 'state', 'interfaces'],
            systems.map(one => [one.id, one.partyId, one.name, one.state, one.interfaces.join(' ')])
          )
    );
  });

  operated(
    system
      .command('add')
      .description(
        'registers a system and has its IKI certificate issued; again with a new request: renews it'
      )
      .argument('<party>', "the party's id")
      .argument('<name>', 'the common name in the request')
      .addOption(several('--interface <name>', 'interface it uses', clientInterfaces).makeOptionMandatory())
      .addOption(
        several('--acting-role <role>', 'in what role it asks for device certificates', actingRoles).default(
          [],
          'none'
        )
      )
      .requiredOption('--csr <file>', 'its IKI request, PEM or base64 (see `smki csr new iki`)')
      .option('--out <file>', 'writes the certificate there, PEM')
  ).action(async (partyId: string, name: string, options: AddOptions) => {
    const body = {
      partyId,
      name,
      interfaces: options.interface,
      actingRoles: options.actingRole,
      csr: await readTextFile(options.csr)
    };
    const answer = (await callAsOperator(options.data, 'ra', { method: 'POST', path: 'systems', body })) as {
      readonly system: System;
      readonly certificate: string;
    };
    const pem = encodePem('CERTIFICATE', Buffer.from(answer.certificate, 'base64'));
    // Shown in any case: where the file cannot be written, the certificate is not lost with it.
    terminal.out(options.json ? formatJson(answer) : `${formatSystem(answer.system)}\n${pem}`);
    if (options.out !== undefined) await writeNewFile(options.out, pem, 0o644);
  });

  operated(
    system
      .command('state')
      .description('suspends or reactivates a system')
      .argument('<id>', 'its id')
      .addArgument(new Argument('<state>', 'its new state').choices(['active', 'suspended']))
  ).action(async (id: string, state: string, options: Operated) => {
    const change = { method: 'POST', path: `systems/${encodeURIComponent(id)}`, body: { state } } as const;
    const changed = await callAsOperator(options.data, 'ra', change);
    terminal.out(options.json ? formatJson(changed) : formatSystem(changed as System));
  });
}

/** An option that may be given again, each time one of a set. */
function several(flag: string, description: string, choices: readonly string[]): Option {
  return new Option(flag, `${description}: ${choices.join(', ')}; may be given again`).argParser(
    (text, previous: readonly string[] | undefined) => [...(previous ?? []), text]
  );
}

function formatSystem(system: System): string {
  return formatFields([
    ['id', system.id],
    ['party', system.partyId],
    ['name', system.name],
    ['state', system.state],
    ['interfaces', system.interfaces.join(', ')],
    ['acting roles', system.actingRoles.join(', ') || '-']
  ]);
}
