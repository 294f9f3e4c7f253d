import { Option, type Command } from 'commander';
import { DerError } from '../../pki/der/index.js';
import { environments, type Environment } from '../../pki/messages/index.js';
import {
  X509Error,
  decodePem,
  parseCertificate,
  parseRequestStructure,
  type Certificate
} from '../../pki/x509/index.js';
import type { CertificateDescription, Description, RequestDescription } from './describe.js';
import { CliError } from './exit.js';
import { readInput } from './file.js';
import { formatFields, formatJson, printable, type Terminal } from './terminal.js';

interface ShowOptions {
  readonly issuer?: string;
  readonly environment: Environment;
  readonly json?: true;
}

/** `smki certificate show`: certificates and requests for a reader; trusts nothing it reads. */
export function registerCertificate(program: Command, terminal: Terminal): void {
  program
    .command('certificate')
    .description('certificates and requests')
    .command('show')
    .description('shows certificates and requests (DER, PEM or base64): role, EUI-64, profile, lint findings')
    .argument('<file>', 'file, or - for standard input')
    .option('--issuer <file>', "the issuer's certificate, for the lints that compare with it")
    .addOption(
      new Option('--environment <name>', 'environment whose policy the lints judge by')
        .choices(environments)
        .default('test')
    )
    .option('--json', 'as JSON: always a list')
    .action(async (file: string, options: ShowOptions) => {
      const blocks = splitBlocks(await readInput(file, terminal));
      const issuers =
        options.issuer === undefined
          ? []
          : splitBlocks(await readInput(options.issuer, terminal)).map(readIssuer);
      const descriptions = await describeAll(blocks, issuers, options.environment);
      terminal.out(
        options.json ? formatJson(descriptions) : descriptions.map(formatDescription).join('\n\n')
      );
    });
}

async function describeAll(
  blocks: readonly Uint8Array[],
  issuers: readonly Certificate[],
  environment: Environment
): Promise<Description[]> {
  const parsed = blocks.map(der => ({
    der,
    certificate: isRequest(der) ? undefined : readOwnCertificate(der)
  }));
  // In a chain, the issuers of some are among the others.
  const known = [...issuers, ...parsed.flatMap(({ certificate }) => certificate ?? [])];
  const { describeCertificate, describeForeignCertificate, describeRequest } = await import('./describe.js');
  const descriptions: Description[] = [];
  for (const { der, certificate } of parsed) {
    descriptions.push(
      certificate !== undefined
        ? describeCertificate(certificate, environment, issuerOf(certificate, known))
        : await orNotACertificate(async () =>
            isRequest(der) ? describeRequest(der, environment) : describeForeignCertificate(der)
          )
    );
  }
  return descriptions;
}

/** DER blocks out of PEM (with text around the blocks, as other tools write it), base64, or DER. */
function splitBlocks(input: Uint8Array): Uint8Array[] {
  const text = Buffer.from(input).toString('latin1');
  const armoured = text.match(/-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g);
  try {
    if (armoured !== null) {
      const blocks = armoured
        .filter(block =>
          /^-----BEGIN (?:CERTIFICATE|(?:NEW )?CERTIFICATE REQUEST|X509 CERTIFICATE)-----/.test(block)
        )
        .flatMap(block => decodePem(block));
      if (blocks.length === 0)
        throw new CliError('cli/not-a-certificate', 'no certificate or request in the PEM');
      return blocks.map(block => block.der);
    }
  } catch (cause) {
    throw asNotACertificate(cause);
  }
  const compact = text.replace(/\s/g, '');
  if (compact !== '' && compact.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(compact)) {
    return [Buffer.from(compact, 'base64')];
  }
  return [input];
}

/** A request begins as no certificate does: its first field is the version, its fourth a `[0]`. */
function isRequest(der: Uint8Array): boolean {
  try {
    parseRequestStructure(der, { lengths: 'long-form-allowed' });
    return true;
  } catch {
    return false;
  }
}

function readCertificate(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der);
  } catch (cause) {
    throw asNotACertificate(cause);
  }
}

/** A certificate with a key or an extension that nothing here can use is undefined: it is shown by its outline. */
function readOwnCertificate(der: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(der);
  } catch (cause) {
    if (cause instanceof X509Error) return undefined;
    throw asNotACertificate(cause);
  }
}

function readIssuer(der: Uint8Array): Certificate {
  if (isRequest(der)) throw new CliError('cli/option', '--issuer is a request, not a certificate');
  return readCertificate(der);
}

function issuerOf(certificate: Certificate, known: readonly Certificate[]): Certificate | 'self' | undefined {
  const name = Buffer.from(certificate.issuer.der);
  if (name.equals(certificate.subject.der)) return 'self';
  return known.find(candidate => name.equals(candidate.subject.der));
}

async function orNotACertificate<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw asNotACertificate(cause);
  }
}

function asNotACertificate(cause: unknown): unknown {
  if (!(cause instanceof DerError || cause instanceof X509Error)) return cause;
  return new CliError('cli/not-a-certificate', `no certificate and no request: ${cause.message}`, { cause });
}

function formatDescription(description: Description): string {
  return description.kind === 'certificate' ? formatCertificate(description) : formatRequest(description);
}

function formatCertificate(certificate: CertificateDescription): string {
  const findings = certificate.findings?.map(
    finding => `  ${finding.lint} ${finding.severity}: ${printable(finding.detail)}`
  );
  return [
    `certificate (${certificate.octets} octets)`,
    formatFields([
      ['profile', certificate.profile ?? 'none of the profiles'],
      ['subject', certificate.subject === '' ? '(empty)' : certificate.subject],
      ['issuer', certificate.issuer],
      ['serial', certificate.serial],
      ['valid', `${certificate.notBefore} to ${certificate.notAfter}`],
      ...sharedFields(certificate),
      ['policies', certificate.policies.join(', ') || '-'],
      ['key id', certificate.subjectKeyIdentifier ?? '-'],
      ['issuer key id', certificate.authorityKeyIdentifier ?? '-']
    ]),
    findings === undefined
      ? 'lint: not judged, there is no profile to judge by'
      : findings.length === 0
        ? 'lint: no findings'
        : ['lint:', ...findings].join('\n')
  ].join('\n');
}

function formatRequest(request: RequestDescription): string {
  const { refusal } = request;
  return [
    `request (${request.octets} octets)`,
    formatFields([
      ['kind', request.requestKind],
      ['profile', request.profile ?? '-'],
      ['subject', request.subject === '' ? '(empty)' : request.subject],
      ...sharedFields(request)
    ]),
    refusal === null
      ? 'checks: would pass'
      : `checks: refused, ${refusal.code} (${refusal.rule}): ${printable(refusal.detail)}`
  ].join('\n');
}

function sharedFields(description: Description): [string, string][] {
  const { role } = description;
  return [
    ['role', role === null ? '-' : `${role.ou} ${role.name}`],
    ['EUI-64', description.eui ?? '-'],
    ['hardware type', description.hwType ?? '-'],
    ['key', description.key],
    ['usage', description.keyUsage.join(', ') || '-']
  ];
}
