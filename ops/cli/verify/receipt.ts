import { createHash } from 'node:crypto';
import { Option, type Command } from 'commander';
import { environments, type Environment } from '../../../pki/messages/environment.js';
import { receiptJson } from '../../../pki/messages/receipt-json.js';
import type { Receipt } from '../../../pki/messages/receipt.js';
import { CliError } from '../exit.js';
import { formatFields, formatJson, type Terminal } from '../terminal.js';
import { readReceiptFile, ReceiptRefused, verifyReceipt } from './check-receipt.js';
import { Inputs } from './input.js';
import { statusHelp } from './status-help.js';

interface Arguments {
  readonly key: readonly string[];
  readonly anchor?: readonly string[];
  readonly certificate?: string;
  readonly request?: string;
  readonly environment?: Environment;
  readonly expect: 'valid' | 'not-valid';
  readonly json?: true;
}

/** `smki verify receipt FILE`. */
export function registerVerifyReceipt(verify: Command, terminal: Terminal): void {
  verify
    .command('receipt')
    .description('checks a signed receipt of the validation service, offline, and shows what was signed')
    .argument('<file>', "the service's answer, or its receipt alone, JSON; - for standard input")
    .requiredOption(
      '--key <file...>',
      'public keys of validation services, PEM or DER: one of them must have signed'
    )
    .option('--anchor <file...>', 'certificates, one of which the path must end in')
    .option('--certificate <file>', 'the certificate it must be about')
    .option('--request <file>', 'the body of the request it must answer')
    .addOption(new Option('--environment <name>', 'environment it must be of').choices(environments))
    .addOption(
      new Option('--expect <verdict>', 'verdict that is status 0')
        .choices(['valid', 'not-valid'])
        .default('valid')
    )
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nExamples:
  smki verify receipt answer.json --key validation-receipt.pub.pem
  smki verify receipt answer.json --key validation-receipt.pub.pem --certificate supplier.cer --anchor root-oca.pem
  smki verify receipt refusal.json --key validation-receipt.pub.pem --expect not-valid --json\n
A receipt that does not hold, or says something else than expected, is not valid. What is shown was signed; nothing
else in the file is.\n
${statusHelp}`
    )
    .action(async (file: string, given: Arguments) => {
      const inputs = new Inputs(terminal);
      const keys = await inputs.all(given.key, 'key');
      const anchors = given.anchor === undefined ? undefined : await inputs.all(given.anchor, 'certificate');
      const certificate = await oneCertificate(inputs, given.certificate);
      const request = given.request === undefined ? undefined : await inputs.octets(given.request);
      const written = readReceiptFile(file, await inputs.octets(file));
      let receipt: Receipt;
      try {
        receipt = verifyReceipt(written, { keys, environment: given.environment });
        compare(receipt, { anchors, certificate, request });
      } catch (error) {
        if (!(error instanceof ReceiptRefused)) throw error;
        if (given.json) terminal.out(formatJson({ holds: false, code: error.code }));
        throw new CliError('cli/not-valid', `${error.code}: ${error.message}`, { cause: error });
      }
      terminal.out(given.json ? formatJson({ holds: true, ...receiptJson(receipt) }) : format(receipt));
      if (receipt.verdict.valid !== (given.expect === 'valid'))
        throw new CliError(
          'cli/not-valid',
          `receipt/verdict: it holds, and says ${receipt.verdict.valid ? 'valid' : receipt.verdict.code}`
        );
    });
}

async function oneCertificate(inputs: Inputs, file: string | undefined): Promise<Uint8Array | undefined> {
  if (file === undefined) return undefined;
  const [only, ...more] = await inputs.ders(file, 'certificate');
  if (more.length > 0) throw new CliError('cli/option', '--certificate holds more than one certificate');
  return only;
}

/** What a receipt is about, held against what the person has. */
function compare(
  { path, requestSha256, verdict }: Receipt,
  known: {
    readonly anchors: readonly Uint8Array[] | undefined;
    readonly certificate: Uint8Array | undefined;
    readonly request: Uint8Array | undefined;
  }
): void {
  const { anchors, certificate, request } = known;
  if (certificate !== undefined && !isDigestOf(path[0]?.sha256, certificate))
    throw new ReceiptRefused('receipt/certificate', 'it is about another certificate');
  if (request !== undefined && !isDigestOf(requestSha256, request))
    throw new ReceiptRefused('receipt/request', 'it answers another request');
  // The path of a refusal may end before an anchor.
  if (
    anchors !== undefined &&
    verdict.valid &&
    !anchors.some(anchor => isDigestOf(path.at(-1)?.sha256, anchor))
  )
    throw new ReceiptRefused('receipt/anchor', 'its path ends in none of the anchors');
}

function isDigestOf(sha256: Uint8Array | undefined, octets: Uint8Array): boolean {
  return sha256 !== undefined && createHash('sha256').update(octets).digest().equals(sha256);
}

function format(receipt: Receipt): string {
  const { question, verdict, path, lists } = receipt;
  const json = receiptJson(receipt);
  return [
    formatFields([
      ['verdict', verdict.valid ? 'valid' : `not valid: ${verdict.code}: ${verdict.message}`],
      ['answered', json.answeredAt],
      ['judged at', json.question.at],
      ['environment', receipt.environment],
      ['profile', verdict.profile || '-'],
      ['purpose', question.purpose || 'any'],
      ['role', question.role === undefined ? 'any' : String(question.role)],
      ['entity', json.question.entity ?? 'any'],
      ['revocation', question.revocation],
      ['time rule', verdict.timeRule || '-'],
      ['request', json.requestSha256],
      ['policy', receipt.policyVersion],
      ...path.map(({ subject, serial }, at): [string, string] => [
        at === 0 ? 'certificate' : `issuer ${at}`,
        `${subject === '' ? '(no subject)' : subject}, serial ${serial}, sha256 ${json.path[at]?.sha256 ?? ''}`
      ]),
      ...lists.map(({ issuer, number }, at): [string, string] => [
        'list',
        `${number} of ${issuer}, ${json.lists[at]?.thisUpdate ?? ''} to ${json.lists[at]?.nextUpdate ?? ''}`
      ])
    ])
  ].join('\n');
}
