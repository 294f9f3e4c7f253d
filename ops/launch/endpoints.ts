import { existsSync, readFileSync } from 'node:fs';
import { adHocPath } from '../../ra/adhoc/service.js';
import { batchPath } from '../../ra/batch/service.js';
import { portalPath } from '../../ra/portal/index.js';
import type { ProcessStatus } from '../process/status.js';
import { writePrivateFile } from './data-directory.js';
import type { DemoParties } from './seed.js';
import type { Component, System } from './system.js';

/**
 * `DIR/endpoints.json`: how people and programs reach a running system. Its fields are a contract: fields may be
 * added, none is renamed. It holds secrets (API key, database URL) and is readable by its owner only. Written only
 * where something in it is new; a process is in it while it serves.
 */
export function writeEndpoints(system: System, demo: DemoParties): string {
  const file = `${system.data.root}/endpoints.json`;
  const { certificates } = system.hierarchy;
  const ra = system.url('ra', 'public');
  const repository = system.url('repository', 'public');
  const validation = system.url('validation', 'public');
  const serving = (component: Component): ProcessStatus[] =>
    system.processes[component].flatMap(process => {
      const status = process.status();
      return status !== undefined && status.pid === process.pid() ? [status] : [];
    });
  const pids = (component: Component) => serving(component).map(({ pid }) => pid);
  const postgres = system.postgres();
  const endpoints = {
    environment: 'test',
    repository: {
      url: repository,
      apiKey: system.repositoryApiKey,
      internal: system.url('repository', 'internal')
    },
    validation: {
      url: validation,
      receiptKey: system.receiptKey.file,
      receiptKeyId: system.receiptKey.keyId
    },
    ra: {
      url: ra,
      adhoc: `${ra}${adHocPath}`,
      batch: `${ra}${batchPath.replace(/\/$/, '')}`,
      portal: `${ra}${portalPath}`,
      openapi: `${ra}/openapi.json`,
      internal: system.url('ra', 'internal')
    },
    tls: {
      ca: demo.subscriber.ca,
      clientCert: demo.subscriber.certificate,
      clientKey: demo.subscriber.key,
      makerCert: demo.maker.certificate,
      makerKey: demo.maker.key
    },
    anchors: {
      rootOca: certificates['root-oca'],
      issuingOca: certificates['issuing-oca'],
      rootDca: certificates['root-dca'],
      issuingDca: certificates['issuing-dca'],
      rootIca: certificates['root-ica'],
      issuingIca: certificates['issuing-ica']
    },
    crls: {
      organisation: `${repository}/crl/organisation.crl`,
      organisationArl: `${repository}/crl/organisation-arl.crl`,
      iki: `${repository}/crl/iki.crl`,
      ikiArl: `${repository}/crl/iki-arl.crl`
    },
    demo: {
      organisationEui: demo.organisationEui,
      organisationSerial: demo.organisationSerial,
      organisationKeyAgreementSerial: demo.organisationKeyAgreementSerial,
      organisationXmlSerial: demo.organisationXmlSerial,
      deviceEui: demo.deviceEui,
      deviceSerial: demo.deviceSerial,
      deviceKeyAgreementSerial: demo.deviceKeyAgreementSerial
    },
    hsm: {
      module: system.tokens.module,
      ...(system.tokens.softhsmConf === undefined ? {} : { softhsmConf: system.tokens.softhsmConf })
    },
    database: system.databaseUrl,
    inventory: system.inventoryFile,
    pids: {
      ca: pids('ca'),
      ra: pids('ra'),
      repository: pids('repository'),
      validation: pids('validation'),
      validationSigner: serving('validation').flatMap(({ signerPids }) => signerPids),
      signer: (['ca', 'ra'] as const).flatMap(serving).flatMap(({ signerPids }) => signerPids),
      postgres: postgres === undefined ? [] : [postgres.pid]
    }
  };
  const text = JSON.stringify(endpoints, null, 2) + '\n';
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writePrivateFile(file, text);
  return file;
}
