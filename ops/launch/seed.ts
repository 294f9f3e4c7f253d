import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEui64 } from '../../pki/identifier/index.js';
import { encodePem, parseCertificate } from '../../pki/index.js';
import { writeInventory } from '../../sec/index.js';
import { systemClock } from '../kit/clock.js';
import { operatorClient, sendJson, subscriberClient, type SubscriberFiles } from './clients.js';
import { writePrivateFile } from './data-directory.js';
import {
  newDeviceRequest,
  newOrganisationRequest,
  newSystemRequest,
  type NewRequest
} from './new-request.js';
import type { System } from './system.js';

/** The parties of the test environment that every fresh system has. */
export interface DemoParties {
  readonly organisationEui: string;
  /** In-use digital-signature certificate of the supplier, role 2. */
  readonly organisationSerial: string;
  /** Its key-agreement certificate. */
  readonly organisationKeyAgreementSerial: string;
  /** Its XML-signing certificate, role 135. */
  readonly organisationXmlSerial: string;
  readonly deviceEui: string;
  readonly deviceSerial: string;
  readonly deviceKeyAgreementSerial: string;
  readonly supplierPartyId: string;
  readonly makerPartyId: string;
  /** Authorised System of the supplier: JSON, ad hoc and batch. */
  readonly subscriber: SubscriberFiles;
  /** Authorised System of the meter maker: JSON. */
  readonly maker: SubscriberFiles;
}

const supplierEui = '90-B3-D5-1F-30-01-00-00';
const makerEui = '90-B3-D5-1F-30-0F-00-00';
/** Outside the organisations' block, as every Device ID; the number of no maker. */
const deviceEui = '02-5A-00-00-00-00-00-01';
/** hwType is the maker's to choose (RFC 4108 section 5); this one is under the arc that anybody may use (X.667). */
export const demoHwType = '2.25.1';

/**
 * Seeds the demo parties once, through the interfaces everybody uses: the operator registers parties and systems,
 * the systems get IKI certificates through ordinary orders, the supplier asks for its organisation certificates and
 * the maker for its device's first two.
 */
export async function seedDemoParties(system: System, report: (line: string) => void): Promise<DemoParties> {
  const file = system.data.path('config', 'demo.json');
  const parties = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as DemoParties)
    : await seed(system, report);
  if (!existsSync(file)) writePrivateFile(file, JSON.stringify(parties, null, 2) + '\n');
  await writeDemoInventory(system, [parties.deviceEui]);
  return parties;
}

/** The inventory of the demonstration: these devices are commissioned, the demo supplier is responsible. */
export async function writeDemoInventory(system: System, deviceEuis: readonly string[]): Promise<void> {
  const now = systemClock.now();
  await writeInventory(system.inventoryFile, {
    generatedAt: now,
    records: deviceEuis.map(eui => ({
      deviceId: parseEui64(eui),
      status: 'Commissioned' as const,
      type: 'ESME' as const,
      responsibleSuppliers: [parseEui64(supplierEui)],
      since: now
    }))
  });
}

async function seed(system: System, report: (line: string) => void): Promise<DemoParties> {
  report('seeding: demo supplier and demo meter maker, their systems and certificates');
  const operator = await operatorClient(system, 'ra');
  try {
    const party = (signifier: string, eui: string, roles: readonly number[]) =>
      sendJson<{ id: string }>(
        operator,
        '/admin/v1/parties',
        {
          signifier,
          deviceSubscriber: true,
          organisationSubscriber: true,
          identifiers: [{ eui, roles }]
        },
        { expect: 201, what: `registering ${signifier}` }
      );
    const supplier = await party('DEMO-SUPPLIER', supplierEui, [2, 135]);
    const maker = await party('DEMO-MAKER', makerEui, [127]);

    const register = async (
      name: string,
      partyId: string,
      request: NewRequest,
      rights: { readonly interfaces: readonly string[]; readonly actingRoles: readonly string[] }
    ): Promise<SubscriberFiles> => {
      const { certificate } = await sendJson<{ certificate: string }>(
        operator,
        '/admin/v1/systems',
        { partyId, name, csr: Buffer.from(request.csr).toString('base64'), ...rights },
        { expect: 201, what: `registering the system ${name}` }
      );
      return keepCredential(system, name, request, Buffer.from(certificate, 'base64'));
    };
    const subscriber = await register(
      'subscriber',
      supplier.id,
      newSystemRequest('Demo Supplier', '02', 'subscriber'),
      { interfaces: ['json', 'adhoc', 'batch'], actingRoles: ['import-supplier', 'gas-supplier'] }
    );
    const makerFiles = await register(
      'maker',
      maker.id,
      newSystemRequest('Demo Meter Maker', system.policy.figures['role.maker'].value, 'maker'),
      { interfaces: ['json', 'batch'], actingRoles: ['manufacturer'] }
    );

    const organisation = (ou: string, usage: 'DS' | 'KA') =>
      enrol(
        system,
        subscriber,
        'organisation',
        newOrganisationRequest(parseEui64(supplierEui), ou, usage).csr
      );
    const device = (usage: 'DS' | 'KA') =>
      enrol(system, makerFiles, 'device', newDeviceRequest(parseEui64(deviceEui), usage, demoHwType).csr);
    const serial = (certificate: Uint8Array): string => parseCertificate(certificate).serialHex;
    return {
      organisationEui: supplierEui,
      organisationSerial: serial(await organisation('02', 'DS')),
      organisationKeyAgreementSerial: serial(await organisation('02', 'KA')),
      organisationXmlSerial: serial(await organisation('87', 'DS')),
      deviceEui,
      deviceSerial: serial(await device('DS')),
      deviceKeyAgreementSerial: serial(await device('KA')),
      supplierPartyId: supplier.id,
      makerPartyId: maker.id,
      subscriber,
      maker: makerFiles
    };
  } finally {
    operator.close();
  }
}

/**
 * Asks for one certificate over the JSON API and waits until it is there. The Idempotency-Key is the request's own,
 * so that an answer that was lost is asked for again without harm.
 */
export async function enrol(
  system: System,
  files: SubscriberFiles,
  kind: 'device' | 'organisation',
  csr: Uint8Array
): Promise<Uint8Array> {
  const client = subscriberClient(system.url('ra', 'public'), files);
  const key = Buffer.from(csr).subarray(-24).toString('hex');
  try {
    for (let tries = 0; ; tries++) {
      const answer = await client.send({
        method: 'POST',
        path: `/ra/v1/requests/${kind}`,
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify({ csr: Buffer.from(csr).toString('base64') }),
        timeoutMs: 30_000
      });
      const body = JSON.parse(answer.body.toString('utf8')) as {
        certificate?: string;
        code?: string;
        detail?: string;
      };
      if (answer.status === 201 && body.certificate !== undefined) {
        return new Uint8Array(Buffer.from(body.certificate, 'base64'));
      }
      // Accepted and not yet issued, or a part of the system is still starting.
      if ((answer.status !== 202 && answer.status !== 503) || tries > 20) {
        throw new Error(
          `the ${kind} request was answered ${answer.status} ${body.code ?? ''} ${body.detail ?? ''}`.trim()
        );
      }
      await sleep(500);
    }
  } finally {
    client.close();
  }
}

/** A subscriber's key and certificate in `DIR/tls`, with the issuing CA for servers that want the whole chain. */
function keepCredential(
  system: System,
  name: string,
  request: NewRequest,
  certificate: Uint8Array
): SubscriberFiles {
  const path = (file: string) => system.data.path('tls', file);
  const issuing = readFileSync(system.hierarchy.certificates['issuing-ica'], 'utf8');
  writePrivateFile(path(`${name}.key`), request.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writePrivateFile(path(`${name}.pem`), encodePem('CERTIFICATE', certificate) + issuing);
  return { ca: path('ra-ca.pem'), certificate: path(`${name}.pem`), key: path(`${name}.key`) };
}
