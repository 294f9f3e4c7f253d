import { InvalidArgumentError, Option, type Command } from 'commander';
import { environments, type Environment } from '../../../pki/messages/environment.js';
import {
  type ExplainedResult,
  explainPath,
  explainVerdict,
  smkiPurposes,
  verdictJson
} from '../../../pki/verify/index.js';
import { oidArgument } from '../arguments.js';
import { CliError } from '../exit.js';
import { formatJson, printable, type Terminal } from '../terminal.js';
import { statusHelp } from './status-help.js';
import { Inputs } from './input.js';
import { judgeIn, type Judge, type Mode, type Question, type Revocation } from './judge.js';

interface Arguments {
  readonly anchor: readonly string[];
  readonly intermediate?: readonly string[];
  readonly crl?: readonly string[];
  readonly ocsp?: readonly string[];
  readonly at?: Date;
  readonly purpose?: readonly string[];
  readonly role?: number;
  readonly entity?: string;
  readonly revocation: Revocation;
  readonly policy?: readonly string[];
  readonly explicitPolicy?: true;
  readonly inhibitMapping?: true;
  readonly inhibitAnyPolicy?: true;
  readonly mode: Mode;
  readonly environment: Environment;
  readonly json?: true;
  readonly explain?: true;
}

/** One certificate of one file. */
interface Judged {
  readonly name: string;
  readonly result:
    ExplainedResult | { readonly valid: undefined; readonly code: string; readonly message: string };
}

/** `smki verify certificate FILE…`. */
export function registerVerifyCertificate(verify: Command, terminal: Terminal): void {
  verify
    .command('certificate')
    .description(
      'judges certificates: path to an anchor, profile, purpose, dates, revocation; a line for each'
    )
    .argument('<file...>', 'certificates, DER or PEM (every block is judged), or - for standard input')
    .requiredOption('--anchor <file...>', 'certificates that are believed because you say so')
    .option('--intermediate <file...>', 'certificates that may stand between, trusted for nothing')
    .option('--crl <file...>', 'revocation lists')
    .option('--ocsp <file...>', 'OCSP responses, DER (mode rfc5280)')
    .addOption(
      new Option('--at <time>', 'moment that is judged, ISO 8601 in UTC (default: now)').argParser(
        timeArgument
      )
    )
    .option(
      '--purpose <name...>',
      'what it is wanted for. Mode smki: a profile, or device, organisation, digital-signature, key-agreement, …; ' +
        'mode rfc5280: key usages (digitalSignature) and extended key usages (serverAuth, or an OID)'
    )
    .addOption(
      new Option('--role <number>', 'Remote Party Role it must have, decimal (mode smki)').argParser(
        roleNumber
      )
    )
    .option('--entity <eui64>', 'whom it must be of, AA-BB-CC-DD-EE-FF-GG-HH (mode smki)')
    .addOption(
      new Option(
        '--revocation <whose>',
        "whose status must be known and good: nobody's, its own, the chain's"
      )
        .choices(['none', 'leaf', 'chain'])
        .default('none')
    )
    .addOption(
      new Option('--policy <oid...>', 'initial policy set (mode rfc5280)').argParser(
        (text: string, previous: readonly string[] | undefined) => [...(previous ?? []), oidArgument(text)]
      )
    )
    .option('--explicit-policy', 'some policy must hold for the whole path (mode rfc5280)')
    .option('--inhibit-mapping', 'policies are not mapped (mode rfc5280)')
    .option('--inhibit-any-policy', 'anyPolicy stands for no other (mode rfc5280)')
    .addOption(
      new Option('--mode <mode>', 'smki: the profiles of smart metering; rfc5280: any path')
        .choices(['smki', 'rfc5280'])
        .default('smki')
    )
    .addOption(
      new Option('--environment <name>', 'environment whose policy OIDs are accepted (mode smki)')
        .choices(environments)
        .default('test')
    )
    .option('--json', 'as JSON: always a list')
    .option('--explain', 'the path as a tree, the reason where it fails')
    .addHelpText(
      'after',
      `\nExamples:
  smki verify certificate meter.pem --anchor root-dca.pem --intermediate issuing-dca.pem --purpose device
  smki verify certificate supplier.cer --anchor root-oca.pem --intermediate issuing-oca.pem \\
      --crl organisation.crl organisation-arl.crl --revocation chain --role 2 --explain
  smki verify certificate --mode rfc5280 --anchor root.pem --intermediate chain.pem --purpose serverAuth -- -\n
${statusHelp}`
    )
    .action(async (files: readonly string[], given: Arguments) => {
      const inputs = new Inputs(terminal);
      const judge = judgeIn(given.mode, {
        question: questionOf(given),
        anchors: await inputs.all(given.anchor, 'certificate'),
        intermediates: await inputs.all(given.intermediate, 'certificate'),
        crls: await inputs.all(given.crl, 'list'),
        ocspResponses: await inputs.all(given.ocsp, 'response')
      });
      const judged: Judged[] = [];
      for (const file of files) judged.push(...(await judgeFile(file, inputs, judge)));
      show(judged, given, terminal);
      end(judged);
    });
}

function questionOf(given: Arguments): Question {
  const onlyIn = (mode: Mode, names: readonly (keyof Arguments)[]): void => {
    const wrong = names.find(name => given[name] !== undefined);
    if (given.mode !== mode && wrong !== undefined)
      throw new CliError(
        'cli/option',
        `--${wrong.replace(/[A-Z]/g, c => `-${c.toLowerCase()}`)} is for mode ${mode}`
      );
  };
  onlyIn('smki', ['role', 'entity']);
  onlyIn('rfc5280', ['ocsp', 'policy', 'explicitPolicy', 'inhibitMapping', 'inhibitAnyPolicy']);
  const purposes = given.purpose ?? [];
  if (given.mode === 'smki') {
    if (purposes.length > 1) throw new CliError('cli/option', 'mode smki takes one --purpose');
    if (purposes.some(purpose => !(smkiPurposes as readonly string[]).includes(purpose)))
      throw new CliError('cli/option', `--purpose is one of ${smkiPurposes.join(', ')}`);
  }
  return {
    at: given.at ?? new Date(),
    purposes,
    revocation: given.revocation,
    role: given.role,
    entity: given.entity,
    environment: given.environment,
    policy: {
      ...(given.policy === undefined ? {} : { initialPolicySet: given.policy }),
      explicitPolicy: given.explicitPolicy === true,
      inhibitMapping: given.inhibitMapping === true,
      inhibitAnyPolicy: given.inhibitAnyPolicy === true
    }
  };
}

/** Every certificate of a file; one that cannot be read does not keep the others from being judged. */
async function judgeFile(file: string, inputs: Inputs, judge: Judge): Promise<Judged[]> {
  let ders: Uint8Array[];
  try {
    ders = await inputs.ders(file, 'certificate');
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return [{ name: file, result: { valid: undefined, code: error.code, message: error.message } }];
  }
  return ders.map((der, at) => ({
    name: ders.length === 1 ? file : `${file}#${at + 1}`,
    result: judge(der)
  }));
}

/** Whether a result says anything about the certificate: `input/…` does not. */
function isJudged({ result }: Judged): boolean {
  return result.valid !== undefined && (result.valid || !result.failure.code.startsWith('input/'));
}

function show(judged: readonly Judged[], given: Arguments, terminal: Terminal): void {
  if (given.json) {
    terminal.out(
      formatJson(
        judged.map(({ name, result }) => ({
          file: name,
          ...(result.valid === undefined
            ? { failure: { code: result.code, message: result.message } }
            : (verdictJson(result) as object)),
          ...(given.explain && result.valid !== undefined ? { explanation: explainPath(result) } : {})
        }))
      )
    );
    return;
  }
  for (const { name, result } of judged) {
    const line =
      result.valid === undefined ? `not judged: ${result.code}: ${result.message}` : explainVerdict(result);
    terminal.out(`${printable(name)}: ${printable(line)}`);
    if (given.explain && result.valid !== undefined)
      for (const row of explainPath(result).split('\n')) terminal.out(`  ${printable(row)}`);
  }
}

/** The worst of them decides how the command ends. */
function end(judged: readonly Judged[]): void {
  const unread = judged.filter(one => !isJudged(one)).length;
  const invalid = judged.filter(one => isJudged(one) && one.result.valid !== true).length;
  const of = `of ${judged.length}`;
  if (unread > 0) throw new CliError('cli/not-judged', `${unread} ${of} could not be judged`);
  if (invalid > 0) throw new CliError('cli/not-valid', `${invalid} ${of} not valid`);
}

function timeArgument(text: string): Date {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z$/.test(text))
    throw new InvalidArgumentError('not a time such as 2026-11-23T12:00:00Z');
  const time = new Date(text);
  // Dates that there are not (30 February) are other ones for the reader, or none.
  if (Number.isNaN(time.getTime()) || time.toISOString().slice(0, 19) !== text.slice(0, 19))
    throw new InvalidArgumentError('there is no such time');
  return time;
}

function roleNumber(text: string): number {
  const role = Number(text);
  if (!/^\d{1,3}$/.test(text) || role > 255) throw new InvalidArgumentError('not a number from 0 to 255');
  return role;
}
