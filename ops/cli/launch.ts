import { InvalidArgumentError, Option, type Command } from 'commander';
import { CliError } from './exit.js';
import { readTextFile } from './file.js';

/** What `runUp` is given. Ports of 0 are chosen by the system; the real ones stand in endpoints.json. */
export interface UpOptions {
  readonly data: string;
  readonly repositoryApiKey?: string;
  readonly databaseUrl?: string;
  readonly pkcs11?: string;
  readonly tokenLabel?: string;
  /** Who approves batches. */
  readonly batchApproval: 'officer' | 'rule';
  readonly ports: {
    readonly ra: number;
    readonly raInternal: number;
    readonly repository: number;
    readonly repositoryInternal: number;
    readonly validation: number;
  };
}

/** What `runDemo` is given; without a folder it makes one and removes it. */
export interface DemoOptions {
  readonly data?: string;
}

interface UpArguments {
  readonly data: string;
  readonly repositoryApiKey?: string;
  readonly repositoryApiKeyFile?: string;
  readonly database?: string;
  readonly databaseFile?: string;
  readonly pkcs11?: string;
  readonly token?: string;
  readonly batchApproval: 'officer' | 'rule';
  readonly raPort: number;
  readonly raInternalPort: number;
  readonly repositoryPort: number;
  readonly repositoryInternalPort: number;
  readonly validationPort: number;
}

/** `smki up` and `smki demo`. The launcher itself is loaded when it is asked for. */
export function registerLaunch(program: Command): void {
  program
    .command('up')
    .description(
      'serves a whole system of the test environment on loopback: PostgreSQL, SoftHSM, RA, CA, repository, validation'
    )
    .option('--data <dir>', 'folder that keeps everything; used again at the next start', '.data')
    .option('--repository-api-key <key>', "key of the repository's SMKI web service (seen in process lists)")
    .option('--repository-api-key-file <file>', 'file that holds it')
    .option(
      '--database <url>',
      'PostgreSQL server to use instead of the embedded one (seen in process lists)'
    )
    .option('--database-file <file>', 'file that holds the URL')
    .option('--pkcs11 <module>', 'PKCS#11 module to use instead of SoftHSM')
    .option(
      '--token <label>',
      'prefix of the token labels: LABEL-root, LABEL-issuing, LABEL-statements, LABEL-validation'
    )
    .addOption(
      new Option(
        '--batch-approval <who>',
        'who approves batches: an officer, always (smki ra batch approve), or a rule'
      )
        .choices(['officer', 'rule'])
        .default('rule')
    )
    .addOption(port('--ra-port', 'RA, for subscribers'))
    .addOption(port('--ra-internal-port', 'RA, for the CA and operators'))
    .addOption(port('--repository-port', 'repository, for relying parties'))
    .addOption(port('--repository-internal-port', 'repository, for the CA and operators'))
    .addOption(port('--validation-port', 'validation service, for relying parties'))
    .action(async (given: UpArguments) => {
      const options = await readUpOptions(given);
      const { runUp } = await import('../launch/up.js');
      await runUp(options);
    });

  program
    .command('demo')
    .description('shows device certificates end to end on real parts, then ends')
    .option('--data <dir>', 'folder to keep (default: a temporary one, removed at the end)')
    .action(async (options: DemoOptions) => {
      const { runDemo } = await import('../launch/demo.js');
      await runDemo(options);
    });
}

async function readUpOptions(given: UpArguments): Promise<UpOptions> {
  const repositoryApiKey = await secretOf(
    '--repository-api-key',
    given.repositoryApiKey,
    given.repositoryApiKeyFile
  );
  const databaseUrl = await secretOf('--database', given.database, given.databaseFile);
  return {
    data: given.data,
    ...(repositoryApiKey === undefined ? {} : { repositoryApiKey }),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    ...(given.pkcs11 === undefined ? {} : { pkcs11: given.pkcs11 }),
    ...(given.token === undefined ? {} : { tokenLabel: given.token }),
    batchApproval: given.batchApproval,
    ports: {
      ra: given.raPort,
      raInternal: given.raInternalPort,
      repository: given.repositoryPort,
      repositoryInternal: given.repositoryInternalPort,
      validation: given.validationPort
    }
  };
}

/** A secret as given, or from its file; both at once is a contradiction. */
async function secretOf(
  option: string,
  value: string | undefined,
  file: string | undefined
): Promise<string | undefined> {
  if (value !== undefined && file !== undefined) {
    throw new CliError('cli/option', `${option} and ${option}-file exclude each other`);
  }
  const secret = file === undefined ? value : (await readTextFile(file)).trim();
  if (secret === '') throw new CliError('cli/option', `${option} is empty`);
  return secret;
}

function port(flag: string, whose: string): Option {
  return new Option(`${flag} <port>`, `port of the ${whose}; 0: any free one`)
    .argParser(text => {
      const number = Number(text);
      if (!/^\d{1,5}$/.test(text) || number > 65_535) throw new InvalidArgumentError('not a port');
      return number;
    })
    .default(0);
}
