import { Option, type Command } from 'commander';
import {
  eui64ToOctets,
  formatEui64,
  remotePartyRoles,
  type Eui64,
  type RemotePartyRole
} from '../../pki/identifier/index.js';
import {
  deviceRequestContent,
  encodePem,
  ikiClientRequestContent,
  organisationRequestContent,
  type EndEntityUsage,
  type RequestContent
} from '../../pki/x509/index.js';
import { newRequest } from '../launch/new-request.js';
import { euiArgument, oidArgument, roleArgument } from './arguments.js';
import { writeNewFile } from './file.js';
import { formatFields, formatJson, type Terminal } from './terminal.js';

type Usage = 'DS' | 'KA';
const usages: Record<Usage, EndEntityUsage> = { DS: 'digitalSignature', KA: 'keyAgreement' };

interface OutputOptions {
  readonly out?: string;
  readonly format: 'pem' | 'der' | 'base64';
  readonly json?: true;
}
interface DeviceOptions extends OutputOptions {
  readonly eui: Eui64;
  readonly usage: Usage;
  readonly hwType: string;
}
interface OrganisationOptions extends OutputOptions {
  readonly eui: Eui64;
  readonly usage: Usage;
  readonly role: RemotePartyRole;
  readonly name?: string;
}
interface IkiOptions extends OutputOptions {
  readonly organisation: string;
  readonly role: RemotePartyRole;
  readonly name: string;
}

/** Where a request's parts go: the name of the files and what the key is. */
interface Plan {
  readonly base: string;
  readonly algorithm: 'P-256' | 'RSA-2048';
  content(spki: Uint8Array): RequestContent;
}

/**
 * `smki csr new`: key pairs in files and requests signed by them, for tests. Real devices and subscribers make
 * their keys themselves and keep them.
 */
export function registerCsr(program: Command, terminal: Terminal): void {
  const create = program
    .command('csr')
    .description('certification requests for testing')
    .command('new')
    .description('makes a key pair and a request signed by it (the private key in a PEM file of mode 0600)');

  output(
    create
      .command('device')
      .description('a device: P-256, empty subject, hardware module name (SEC Appendix M, appendix F)')
      .addOption(eui('Device ID'))
      .addOption(usage())
      .addOption(
        new Option('--hw-type <oid>', "hardware type, an OID of the maker's")
          .argParser(oidArgument)
          .default('2.25.1')
      )
  ).action(async (options: DeviceOptions) => {
    await make(terminal, options, {
      base: `device-${formatEui64(options.eui)}-${options.usage}`,
      algorithm: 'P-256',
      content: spki =>
        deviceRequestContent({
          spki,
          usage: usages[options.usage],
          hwType: options.hwType,
          eui: eui64ToOctets(options.eui)
        })
    });
  });

  output(
    create
      .command('organisation')
      .description('an organisation: P-256, role and entity identifier (SEC Appendix M, appendix F)')
      .addOption(eui('entity identifier'))
      .addOption(role())
      .addOption(usage())
      .option('--name <text>', 'common name, where the policy allows one')
  ).action(async (options: OrganisationOptions) => {
    await make(terminal, options, {
      base: `organisation-${formatEui64(options.eui)}-${options.role.ou}-${options.usage}`,
      algorithm: 'P-256',
      content: spki =>
        organisationRequestContent({
          spki,
          usage: usages[options.usage],
          ou: options.role.ou,
          eui: eui64ToOctets(options.eui),
          ...(options.name === undefined ? {} : { commonName: options.name })
        })
    });
  });

  output(
    create
      .command('iki')
      .description(
        'an Authorised System: RSA-2048, trading name, role, system name (SEC Appendix M, appendix G)'
      )
      .requiredOption('--organisation <text>', 'trading name')
      .addOption(role())
      .requiredOption('--name <text>', 'name of the system, unique per interface')
  ).action(async (options: IkiOptions) => {
    await make(terminal, options, {
      base: `iki-${options.name.replace(/[^A-Za-z0-9._-]/g, '_')}`,
      algorithm: 'RSA-2048',
      content: spki =>
        ikiClientRequestContent({
          spki,
          organisation: options.organisation,
          ou: options.role.ou,
          commonName: options.name
        })
    });
  });
}

async function make(terminal: Terminal, options: OutputOptions, plan: Plan): Promise<void> {
  const { privateKey, csr } = newRequest(plan.algorithm, spki => plan.content(spki));
  const base = options.out ?? plan.base;
  const files = { key: `${base}.key.pem`, request: `${base}.${extensions[options.format]}` };
  // The key first: a request whose key could not be kept is of no use to anybody.
  await writeNewFile(files.key, privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600);
  await writeNewFile(files.request, encode(csr, options.format), 0o644);
  terminal.out(
    options.json
      ? formatJson({ ...files, octets: csr.length })
      : formatFields([
          ['private key', files.key],
          ['request', files.request]
        ])
  );
}

const extensions: Record<OutputOptions['format'], string> = {
  pem: 'csr.pem',
  der: 'csr.der',
  base64: 'csr.b64'
};

/** `base64` is the form of the web services: one line, no armour. */
function encode(request: Uint8Array, format: OutputOptions['format']): Uint8Array | string {
  if (format === 'der') return request;
  if (format === 'base64') return Buffer.from(request).toString('base64');
  return encodePem('CERTIFICATE REQUEST', request);
}

function output(command: Command): Command {
  return command
    .option('--out <base>', 'writes <base>.key.pem and <base>.csr.… (default: named after the subject)')
    .addOption(
      new Option('--format <form>', 'form of the request').choices(['pem', 'der', 'base64']).default('pem')
    )
    .option('--json', 'prints the file names as JSON');
}

function usage(): Option {
  return new Option('--usage <usage>', 'DS: digital signature, KA: key agreement')
    .choices(['DS', 'KA'])
    .makeOptionMandatory();
}

function eui(whose: string): Option {
  return new Option('--eui <eui64>', `${whose}, AA-BB-CC-DD-EE-FF-GG-HH`)
    .argParser(euiArgument)
    .makeOptionMandatory();
}

function role(): Option {
  const known = remotePartyRoles
    .filter(row => row.issuableToEndEntity && row.enabled)
    .map(row => `${row.ou} ${row.name}`);
  return new Option('--role <code>', `Remote Party Role, two hexadecimal digits: ${known.join(', ')}`)
    .argParser(roleArgument)
    .makeOptionMandatory();
}
