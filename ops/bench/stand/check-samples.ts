import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mintPermit } from '../../../hsm/index.js';
import {
  assembleCertificate,
  assembleCrl,
  compileTemplate,
  keyAlgorithmOf,
  profiles,
  type Certificate
} from '../../../pki/index.js';
import { examineRequest, requestPolicy } from '../../../pki/request/index.js';
import type { BenchContext } from '../context.js';
import type { ChecksOptions } from '../worker/checks.js';
import { freshKey, freshSerial, listTbs, makePathChain } from './path-chain.js';
import { signerPlace, startStandSigner, type Stand } from './stand.js';

/**
 * DESIGN: some thousands, since the points found on the curve last are remembered, 1,024 of them: with fewer keys than
 * that none would be new, and a certificate would seem cheaper to read than it is. Made in some seconds.
 */
const samples = 4_096;

/** DESIGN: entries of the list over organisations: far more than are expected to be revoked at one time. */
const listed = 1_000;

/** An organisation of the blocks set aside for tests. */
const organisationEui = 0x90b3_d51f_3000_0000n;

/** What the checks are run over: certificates and lists signed by the token, with the requests of the devices. */
export async function checkSamples(context: BenchContext): Promise<ChecksOptions> {
  const stand = await context.stand();
  const requests = await context.requests(0, samples);
  const { signer, permitSecret } = await startStandSigner(signerPlace(stand), { processes: 1 });
  const signed: SignAll = async (authority, purpose, bodies) => {
    const key = stand.hierarchy.keyLabels[authority];
    const outcomes = await signer.signMany(
      bodies.map(data => ({
        ...{ key, data, purpose },
        permit: mintPermit(permitSecret, key, purpose, data, randomBytes(16))
      }))
    );
    const algorithm = keyAlgorithmOf(profiles[authority], stand.policy);
    const assemble = purpose === 'crl' ? assembleCrl : assembleCertificate;
    return outcomes.map((outcome, index) => {
      if (!outcome.ok) throw outcome.error;
      return assemble(bodies[index] as Uint8Array, algorithm, outcome.signature);
    });
  };
  try {
    return {
      root: stand.certificate('root-dca').der,
      issuing: stand.certificate('issuing-dca').der,
      certificates: await deviceCertificates(stand, requests, signed),
      requests,
      organisations: await organisations(stand, signed),
      chain: makePathChain(samples / 8, listed)
    };
  } finally {
    await signer.close();
  }
}

type SignAll = (
  authority: 'issuing-dca' | 'issuing-oca',
  purpose: 'certificate' | 'crl',
  bodies: readonly Uint8Array[]
) => Promise<Uint8Array[]>;

function deviceCertificates(
  stand: Stand,
  requests: readonly Uint8Array[],
  signed: SignAll
): Promise<Uint8Array[]> {
  const { policy } = stand;
  const issuer = stand.certificate('issuing-dca');
  const rules = requestPolicy(policy, new Set());
  const at = new Date();
  const bodies = requests.map(csr => {
    const { facts } = examineRequest(csr, 'device', rules);
    const template = compileTemplate(facts.profile, { issuer, policy });
    return template.tbs({
      serial: freshSerial(),
      ...template.validity(at),
      spki: facts.spki,
      subject: { eui: facts.eui, hwType: facts.hwType }
    });
  });
  return signed('issuing-dca', 'certificate', bodies);
}

async function organisations(stand: Stand, signed: SignAll): Promise<ChecksOptions['organisations']> {
  const issuing: Certificate = stand.certificate('issuing-oca');
  const template = compileTemplate('organisation-ds', { issuer: issuing, policy: stand.policy });
  const validity = template.validity(new Date());
  const bodies = Array.from({ length: samples }, (_, n) =>
    template.tbs({
      ...{ serial: freshSerial(), ...validity, spki: freshKey().spki },
      subject: {
        commonName: `ORG${String(n).padStart(5, '0')}`,
        organisationalUnit: '02',
        eui: organisationEui + BigInt(n)
      }
    })
  );
  return {
    root: stand.certificate('root-oca').der,
    issuing: issuing.der,
    certificates: await signed('issuing-oca', 'certificate', bodies),
    crls: [
      ...(await signed('issuing-oca', 'crl', [listTbs(issuing, listed)])),
      readFileSync(stand.hierarchy.lists['organisation-arl'])
    ]
  };
}
