import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { adHocPath } from '../../ra/adhoc/service.js';
import { decodePem, encodePem, formatEui64, parseCertificate, parseEui64 } from '../../pki/index.js';
import { readXml } from '../../pki/xml/index.js';
import type { DemoOptions } from '../cli/launch.js';
import { readReceiptFile, verifyReceipt } from '../cli/verify/check-receipt.js';
import { createHttpClient, type HttpClient } from '../http/index.js';
import { sendAdHoc, subscriberClient } from './clients.js';
import { demonstrateBatch } from './demo-batch.js';
import { LaunchError } from './error.js';
import { newDeviceRequest } from './new-request.js';
import { demoHwType, enrol, seedDemoParties, writeDemoInventory, type DemoParties } from './seed.js';
import { startSystem, type System } from './system.js';

const run = promisify(execFile);

/**
 * Shows device certificates end to end on real parts: the meter maker's first certificates, their replacement
 * through the Ad Hoc Device CSR web service, the relying party's search, OpenSSL's judgement, a batch, and a refusal.
 * Ends with an error at the first thing that is not as it should be.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const began = Date.now();
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'opensmki-demo-'));
  let interrupted: NodeJS.Signals | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (interrupted = signal));
  try {
    say('OpenSMKI demonstration: device certificates end to end, on real parts');
    const system = await startSystem({ data, report: line => say(`  ${line}`), restart: false });
    try {
      const demo = await seedDemoParties(system, line => say(`  ${line}`));
      const steps = stepsOf(system, demo);
      for (const [at, { title, work }] of steps.entries()) {
        if (interrupted !== undefined) throw new LaunchError('launch/step', `stopped by ${interrupted}`);
        say(`[${at + 1}/${steps.length}] ${title}`);
        for (const line of await work()) say(`        ${line}`);
      }
    } finally {
      await system.stop();
    }
    say(`done in ${((Date.now() - began) / 1000).toFixed(1)} s`);
  } finally {
    if (options.data === undefined) rmSync(data, { recursive: true, force: true });
  }
}

interface Step {
  readonly title: string;
  /** Does it, checks it, and answers what a reader should see. */
  readonly work: () => Promise<readonly string[]>;
}

function stepsOf(system: System, demo: DemoParties): readonly Step[] {
  // A device of its own for every run: a data directory that is kept can be demonstrated on again.
  const eui = parseEui64(`02-5A-${randomBytes(6).toString('hex').match(/../g)!.join('-')}`);
  const euiText = formatEui64(eui);
  const issued: { readonly label: string; readonly der: Uint8Array }[] = [];
  const keep = (label: string, der: Uint8Array): string => {
    issued.push({ label, der });
    return `${label}: serial ${parseCertificate(der).serialHex}, ${der.length} octets`;
  };

  return [
    {
      title: `the meter maker asks for the first certificates of device ${euiText}`,
      work: async () => {
        const lines: string[] = [];
        for (const usage of ['DS', 'KA'] as const) {
          const { csr } = newDeviceRequest(eui, usage, demoHwType);
          lines.push(keep(`first ${usage}`, await enrol(system, demo.maker, 'device', csr)));
        }
        return lines;
      }
    },
    {
      title:
        'the device is commissioned; its supplier replaces both through the Ad Hoc Device CSR web service',
      work: async () => {
        await writeDemoInventory(system, [demo.deviceEui, euiText]);
        const client = subscriberClient(system.url('ra', 'public'), demo.subscriber);
        try {
          const lines: string[] = [];
          for (const usage of ['DS', 'KA'] as const) {
            const { csr } = newDeviceRequest(eui, usage, demoHwType);
            const answer = await sendAdHoc(client, adHocPath, `demo-${usage}`, csr);
            expect(
              answer.status === 'SUCCESS' && answer.certificate !== undefined,
              `the answer is ${JSON.stringify(answer)}`
            );
            lines.push(keep(`replacement ${usage}`, answer.certificate ?? new Uint8Array()));
            lines.push(`  transaction ${answer.transactionId}: ${answer.status}`);
          }
          return lines;
        } finally {
          client.close();
        }
      }
    },
    {
      title: 'a relying party searches the repository by Device ID',
      work: () => searchRepository(system, euiText, issued)
    },
    {
      title: 'OpenSSL verifies every certificate up to the root',
      work: () => judgeByOpenSsl(system, demo, issued)
    },
    {
      title: 'the validation service judges them, and its receipts are checked without it',
      work: () => judgeByService(system, issued)
    },
    {
      title: 'the meter maker submits a batch: one request in it is altered, one is a copy of another',
      work: () => demonstrateBatch(system, demo)
    },
    {
      title: 'a request with an altered signature is refused with its code',
      work: async () => {
        const { csr } = newDeviceRequest(eui, 'DS', demoHwType);
        const altered = Uint8Array.from(csr);
        altered[altered.length - 1]! ^= 1;
        const client = subscriberClient(system.url('ra', 'public'), demo.subscriber);
        try {
          const answer = await sendAdHoc(client, adHocPath, 'demo-altered', altered);
          expect(
            answer.status === 'CSR_ERROR' && answer.certificate === undefined,
            `the answer is ${JSON.stringify(answer)}`
          );
          return [`${answer.status} ${answer.errorCode}: ${answer.errorText}`];
        } finally {
          client.close();
        }
      }
    }
  ];
}

function expect(condition: boolean, otherwise: string): void {
  if (!condition) throw new LaunchError('launch/step', otherwise);
}

async function searchRepository(
  system: System,
  eui: string,
  issued: readonly { label: string; der: Uint8Array }[]
): Promise<string[]> {
  const client = createHttpClient(system.url('repository', 'public'));
  try {
    const body = await askRepository(
      client,
      system,
      'certificatesearch',
      `<CertificateSearchRequest><CertificateSubjectAltName>${eui}</CertificateSubjectAltName></CertificateSearchRequest>`
    );
    const results = readXml(body, answerLimits).children.filter(({ name }) => name === 'Result');
    const found = results.map(result => {
      const field = (name: string) => result.children.find(child => child.name === name)?.text ?? '';
      return {
        serial: field('CertificateSerial'),
        usage: field('CertificateUsage'),
        status: field('CertificateStatus')
      };
    });
    for (const { label, der } of issued) {
      const { serialHex } = parseCertificate(der);
      expect(
        found.some(({ serial }) => serial === serialHex),
        `the repository does not know the ${label}`
      );
      const data = await askRepository(
        client,
        system,
        'retrievecertificate',
        `<CertificateDataRequest><CertificateSerial>${serialHex}</CertificateSerial></CertificateDataRequest>`
      );
      expect(
        data
          .toString('utf8')
          .includes(`<CertificateBody>${Buffer.from(der).toString('base64')}</CertificateBody>`),
        `the repository holds another ${label}`
      );
    }
    expect(found.length === issued.length, `${found.length} certificates where ${issued.length} were issued`);
    return found.map(
      ({ serial, usage, status }) => `${usage} ${serial}: ${status === 'I' ? 'in use' : 'pending'}`
    );
  } finally {
    client.close();
  }
}

/** Verdicts of the validation service, each receipt held against the public key as a relying party would. */
async function judgeByService(
  system: System,
  issued: readonly { readonly label: string; readonly der: Uint8Array }[]
): Promise<string[]> {
  const [key] = decodePem(readFileSync(system.receiptKey.file, 'latin1'));
  const client = createHttpClient(system.url('validation', 'public'));
  try {
    const lines: string[] = [];
    for (const { label, der } of issued) {
      const { body, status } = await client.send({
        method: 'POST',
        path: `/validate/v1?apikey=${encodeURIComponent(system.repositoryApiKey)}`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ certificate: Buffer.from(der).toString('base64'), purpose: 'device' }),
        timeoutMs: 4_000
      });
      expect(status === 200, `the validation service answered ${status} about the ${label}`);
      const { verdict } = verifyReceipt(readReceiptFile('the answer', body), {
        keys: key === undefined ? [] : [key.der],
        environment: 'test'
      });
      expect(verdict.valid, `the ${label} is ${verdict.code}`);
      lines.push(`${label}: valid as ${verdict.profile}, ${verdict.timeRule}; the receipt holds`);
    }
    return lines;
  } finally {
    client.close();
  }
}

const answerLimits = {
  maxOctets: 1024 * 1024,
  maxDepth: 4,
  maxElements: 10_000,
  maxAttributes: 4,
  comments: 'refuse'
} as const;

async function askRepository(
  client: HttpClient,
  system: System,
  operation: string,
  xml: string
): Promise<Buffer> {
  const answer = await client.send({
    method: 'POST',
    path: `/services/${operation}?apikey=${encodeURIComponent(system.repositoryApiKey)}`,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="utf-8"?>${xml}`,
    timeoutMs: 4_000
  });
  expect(answer.status === 200, `${operation} was answered ${answer.status}`);
  return answer.body;
}

/**
 * `openssl verify -x509_strict -policy_check` judges the organisation chain whole. A device certificate's critical
 * hardware module name is an otherName that OpenSSL does not process, so it is told to ignore what is critical there;
 * signatures, names and key usage are judged all the same.
 */
async function judgeByOpenSsl(
  system: System,
  demo: DemoParties,
  issued: readonly { label: string; der: Uint8Array }[]
): Promise<string[]> {
  const { certificates } = system.hierarchy;
  const lines: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'opensmki-judge-'));
  try {
    const verify = async (
      label: string,
      der: Uint8Array,
      root: string,
      issuing: string,
      extra: readonly string[]
    ) => {
      const file = join(folder, 'certificate.pem');
      writeFileSync(file, encodePem('CERTIFICATE', der));
      const { stdout } = await run('openssl', [
        ...['verify', '-x509_strict', '-policy_check', ...extra],
        ...['-CAfile', root, '-untrusted', issuing, file]
      ]);
      expect(stdout.includes(': OK'), `openssl says of ${label}: ${stdout}`);
      lines.push(`${label}: OK`);
    };
    for (const { label, der } of issued) {
      await verify(
        `${label}, chain of Root DCA`,
        der,
        certificates['root-dca'],
        certificates['issuing-dca'],
        []
      );
    }
    const client = createHttpClient(system.url('repository', 'public'));
    try {
      const xml = `<CertificateDataRequest><CertificateSerial>${demo.organisationSerial}</CertificateSerial></CertificateDataRequest>`;
      const answer = readXml(await askRepository(client, system, 'retrievecertificate', xml), answerLimits);
      const body = answer.children
        .find(({ name }) => name === 'CertificateResponse')
        ?.children.find(({ name }) => name === 'CertificateBody')?.text;
      const der = new Uint8Array(Buffer.from(body ?? '', 'base64'));
      await verify(
        "supplier's DS, chain of Root OCA",
        der,
        certificates['root-oca'],
        certificates['issuing-oca'],
        []
      );
    } finally {
      client.close();
    }
    return lines;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
