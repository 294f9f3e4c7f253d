/** The product's checks beside the bare operation each stands on, over the same octets, in one process or thread. */
import { createPublicKey, randomBytes, verify } from 'node:crypto';
import {
  compileTemplate,
  defaultPolicy,
  lintTbs,
  newSerial,
  parseCertificate,
  smkiVerifier,
  verifyIssued,
  verifyPath,
  verifyWithKnownKey,
  type ProfileName
} from '../../../pki/index.js';
import { examineRequest, requestPolicy, verifyPossession } from '../../../pki/request/index.js';
import type { PointVerifier } from '../../../pki/verify/index.js';
import { loadPointVerifier } from '../../native/point-verifier.js';
import type { Round } from '../rounds.js';
import type { PathChain } from '../stand/path-chain.js';
import { repeat } from './crypto.js';
import type { Job } from './jobs.js';

export interface ChecksOptions {
  /** DER. */
  readonly root: Uint8Array;
  readonly issuing: Uint8Array;
  /** Device certificates under that issuer, some thousands. */
  readonly certificates: readonly Uint8Array[];
  /** The requests they were issued for. */
  readonly requests: readonly Uint8Array[];
  /** The same of organisations, with the lists of their issuer and of the root. */
  readonly organisations: {
    readonly root: Uint8Array;
    readonly issuing: Uint8Array;
    readonly certificates: readonly Uint8Array[];
    readonly crls: readonly Uint8Array[];
  };
  readonly chain: PathChain;
}

export const checkNames = [
  'bare',
  'possession',
  'request',
  'signature',
  'issued',
  'parse-and-issued',
  'device',
  'organisation',
  'path',
  'path with lists',
  'template',
  'lint',
  'possession, native',
  'signature, native',
  'issued, native',
  'device, native',
  'organisation, native'
] as const;
export type CheckName = (typeof checkNames)[number];

/** Those that the optional verifier does; without it they cannot be measured. */
export function isNative(name: CheckName): boolean {
  return name.endsWith(', native');
}

export interface ChecksTask {
  readonly what: CheckName;
  readonly ms: number;
  /** Whether each call is timed. */
  readonly timed?: boolean;
}

/** Each call takes the next of the certificates or requests, so that none is met twice in a short time. */
export async function openChecks(options: ChecksOptions): Promise<Job<ChecksTask, Round>> {
  const policy = defaultPolicy('test');
  const requestRules = requestPolicy(policy, new Set());
  const issuing = parseCertificate(options.issuing);
  const anchors = [parseCertificate(options.root)];
  const certificates = options.certificates.map(der => parseCertificate(der));
  const examined = options.requests.map(csr => examineRequest(csr, 'device', requestRules));
  const issuingKey = createPublicKey({
    key: Buffer.from(issuing.publicKey.spki),
    format: 'der',
    type: 'spki'
  });
  const at = new Date();
  const prepared = examined.map(({ facts }) => {
    const profile: ProfileName = facts.profile;
    const template = compileTemplate(profile, { issuer: issuing, policy });
    const input = {
      serial: newSerial(octets => randomBytes(octets)),
      ...template.validity(at),
      spki: facts.spki,
      subject: { eui: facts.eui, hwType: facts.hwType }
    };
    return { profile, template, input, tbs: template.tbs(input) };
  });
  let turn = 0;
  const next = <T>(all: readonly T[]): T => all[turn++ % all.length] as T;
  const good = (result: boolean): void => {
    if (!result) throw new Error('a good one was refused');
  };

  const once = loadPointVerifier('once');
  const often = loadPointVerifier('often');
  const signed = (verifyPoint?: PointVerifier): void => {
    const { tbs, signature } = next(certificates);
    good(verifyWithKnownKey(issuing.publicKey.spki, tbs, signature, 'der', verifyPoint));
  };
  const issued = (verifyPoint?: PointVerifier): void => {
    const { profile } = prepared[turn % certificates.length] as (typeof prepared)[number];
    const options = { at: new Date(), profile, policy, anchors, verifyPoint };
    good(verifyIssued(next(certificates), [issuing], options).ok);
  };
  const { organisations, chain } = options;
  const devicesBy = smkiVerifier({ issuers: [options.issuing], anchors: [options.root], crls: [] });
  const organisationsBy = smkiVerifier({
    issuers: [organisations.issuing],
    anchors: [organisations.root],
    crls: organisations.crls
  });
  const device = (verifyPoint?: PointVerifier): void => {
    const question = { at: new Date(), environment: policy, revocation: 'none', verifyPoint } as const;
    good(devicesBy.verify(next(options.certificates), question).valid);
  };
  const organisation = (verifyPoint?: PointVerifier): void => {
    const question = { at: new Date(), environment: policy, revocation: 'leaf', verifyPoint } as const;
    good(organisationsBy.verify(next(organisations.certificates), question).valid);
  };
  const path = (revocation: 'none' | 'chain'): void => {
    const { anchor, intermediates, certificates, crls } = chain;
    const result = verifyPath({
      ...{ certificate: next(certificates), intermediates, anchors: [anchor], at: new Date(), revocation },
      crls: revocation === 'none' ? [] : crls
    });
    good(result.valid);
  };
  type Synchronous = Exclude<CheckName, 'possession' | 'possession, native'>;
  const work: Readonly<Record<Synchronous, () => void>> = {
    bare() {
      const { tbs, signature } = next(certificates);
      good(verify('sha256', tbs, issuingKey, signature));
    },
    request: () => void examineRequest(next(options.requests), 'device', requestRules),
    signature: () => signed(),
    'signature, native': () => signed(often),
    issued: () => issued(),
    'issued, native': () => issued(often),
    'parse-and-issued'() {
      const at = turn % certificates.length;
      const certificate = parseCertificate(next(options.certificates));
      const profile = (prepared[at] as (typeof prepared)[number]).profile;
      good(verifyIssued(certificate, [issuing], { at: new Date(), profile, policy, anchors }).ok);
    },
    device: () => device(),
    'device, native': () => device(often),
    organisation: () => organisation(),
    'organisation, native': () => organisation(often),
    path: () => path('none'),
    'path with lists': () => path('chain'),
    template() {
      const { template, input } = next(prepared);
      template.tbs(input);
    },
    lint() {
      const { tbs, profile } = next(prepared);
      good(
        lintTbs(tbs, { profile, issuer: issuing, policy, at }).every(({ severity }) => severity !== 'error')
      );
    }
  };

  const proven = (ms: number, timed: boolean, verifyPoint?: PointVerifier): Promise<Round> =>
    repeatAsync(async () => good(await verifyPossession(next(examined).proof, verifyPoint)), ms, timed);
  return {
    async run({ what, ms, timed = false }) {
      if (what === 'possession') return proven(ms, timed);
      if (what === 'possession, native') return proven(ms, timed, once);
      return repeat(work[what], ms, timed);
    },
    close: () => undefined
  };
}

/** As `repeat`, of what answers later. */
async function repeatAsync(work: () => Promise<void>, ms: number, timed: boolean): Promise<Round> {
  const times: number[] = [];
  const cpu = process.cpuUsage();
  const began = performance.now();
  let items = 0;
  let now = began;
  while (now - began < ms) {
    const calls = timed ? 1 : 16;
    for (let i = 0; i < calls; i++) await work();
    items += calls;
    const before = now;
    now = performance.now();
    if (timed) times.push(now - before);
  }
  const { user, system } = process.cpuUsage(cpu);
  return { items, elapsedMs: now - began, cpuMicros: user + system, ...(timed ? { latencies: times } : {}) };
}
