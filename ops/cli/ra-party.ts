import { Argument, Option, type Command } from 'commander';
import { formatEui64, roleByCode, type Eui64 } from '../../pki/identifier/index.js';
import { euiArgument, roleArgument } from './arguments.js';
import { callAsOperator, operated, type Operated } from './operator.js';
import { formatFields, formatJson, formatTable, type Terminal } from './terminal.js';

/** As `/admin/v1/parties` answers. */
interface Party {
  readonly id: string;
  readonly signifier: string;
  readonly state: string;
  readonly deviceSubscriber: boolean;
  readonly organisationSubscriber: boolean;
  readonly identifiers: readonly { readonly eui: string; readonly roles: readonly number[] }[];
}

interface AddOptions extends Operated {
  readonly deviceSubscriber?: true;
  readonly organisationSubscriber?: true;
}

/** `smki ra party` and `smki ra identifier`. */
export function registerParties(ra: Command, terminal: Terminal): void {
  const show = (options: Operated, answer: unknown): void =>
    terminal.out(options.json ? formatJson(answer) : formatParty(answer as Party));
  const party = ra.command('party').description('parties under the code');

  operated(party.command('list').description('lists the parties')).action(async (options: Operated) => {
    const answer = await callAsOperator(options.data, 'ra', { method: 'GET', path: 'parties' });
    const { parties } = answer as { readonly parties: readonly Party[] };
    terminal.out(
      options.json
        ? formatJson(parties)
        : formatTable(
            ['id', 'signifier', 'state', 'identifiers'],
            parties.map(one => [one.id, one.signifier, one.state, String(one.identifiers.length)])
          )
    );
  });

  operated(party.command('show').description('shows a party').argument('<id>', 'its id')).action(
    async (id: string, options: Operated) => {
      show(options, await callAsOperator(options.data, 'ra', { method: 'GET', path: partyPath(id) }));
    }
  );

  operated(
    party
      .command('add')
      .description('registers a party')
      .argument('<signifier>', 'Party Signifier')
      .option('--device-subscriber', 'Authorised Subscriber for device certificates')
      .option('--organisation-subscriber', 'Authorised Subscriber for organisation certificates')
  ).action(async (signifier: string, options: AddOptions) => {
    const body = {
      signifier,
      deviceSubscriber: options.deviceSubscriber ?? false,
      organisationSubscriber: options.organisationSubscriber ?? false
    };
    show(options, await callAsOperator(options.data, 'ra', { method: 'POST', path: 'parties', body }));
  });

  operated(
    party
      .command('state')
      .description('suspends, expels or reactivates a party')
      .argument('<id>', 'its id')
      .addArgument(new Argument('<state>', 'its new state').choices(['active', 'suspended', 'expelled']))
  ).action(async (id: string, state: string, options: Operated) => {
    const change = { method: 'POST', path: partyPath(id), body: { state } } as const;
    show(options, await callAsOperator(options.data, 'ra', change));
  });

  operated(
    ra
      .command('identifier')
      .description('EUI-64 identifiers of parties')
      .command('add')
      .description('registers an identifier of a party, with the roles it may have certificates for')
      .argument('<party>', "the party's id")
      .addArgument(new Argument('<eui64>', 'AA-BB-CC-DD-EE-FF-GG-HH').argParser(euiArgument))
      .addOption(
        new Option('--role <code>', 'Remote Party Role, two hexadecimal digits; may be given again')
          .argParser((text, previous: readonly number[] | undefined) => [
            ...(previous ?? []),
            roleArgument(text).code
          ])
          .makeOptionMandatory()
      )
  ).action(async (id: string, eui: Eui64, options: Operated & { readonly role: readonly number[] }) => {
    const body = { eui: formatEui64(eui), roles: options.role };
    const call = { method: 'POST', path: `${partyPath(id)}/identifiers`, body } as const;
    show(options, await callAsOperator(options.data, 'ra', call));
  });
}

function partyPath(id: string): string {
  return `parties/${encodeURIComponent(id)}`;
}

function formatParty(party: Party): string {
  return formatFields([
    ['id', party.id],
    ['signifier', party.signifier],
    ['state', party.state],
    ['device subscriber', party.deviceSubscriber ? 'yes' : 'no'],
    ['organisation subscriber', party.organisationSubscriber ? 'yes' : 'no'],
    ...party.identifiers.map(
      ({ eui, roles }) => [eui, roles.map(code => roleByCode(code)?.name ?? String(code)).join(', ')] as const
    )
  ]);
}
