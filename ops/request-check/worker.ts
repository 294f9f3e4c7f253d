import { parentPort, workerData } from 'node:worker_threads';
import {
  examineRequest,
  RequestRefused,
  verifyPossessions,
  type PossessionProof,
  type RequestPolicy
} from '../../pki/request/index.js';
import type { RequestVerdict } from '../../ra/deps.js';
import { loadPointVerifier } from '../native/point-verifier.js';
import { packVerdicts, unpackRequests, type UncheckedRequest } from './packed.js';

/** What the pool hands a worker at its start. */
export interface RequestCheckData {
  readonly policy: RequestPolicy;
}

/** A worker's answer to one slice: packed verdicts in the order of the requests, or what kept it from any. */
export type SliceAnswer =
  { readonly verdicts: Uint8Array<ArrayBuffer> } | { readonly verdicts?: never; readonly fault: unknown };

const { policy } = workerData as RequestCheckData;
const verifyPoint = loadPointVerifier();

/** As `checkRequestAndPossession` says it. */
const notPossessed: RequestVerdict = {
  ok: false,
  rule: 'R4',
  code: 'request/possession',
  detail: 'signature does not verify'
};

/**
 * Rules R1 to R8 and R16 with proof of possession, of a slice at once: the keys are imported together. A refusal is an
 * answer; anything else is a fault of ours.
 */
async function check(requests: readonly UncheckedRequest[]): Promise<RequestVerdict[]> {
  const proofs: PossessionProof[] = [];
  /** Where the request of each proof stands. */
  const places: number[] = [];
  const verdicts = requests.map(({ bytes, kind }, place): RequestVerdict => {
    try {
      const { facts, proof } = examineRequest(bytes, kind, policy);
      proofs.push(proof);
      places.push(place);
      return { ok: true, facts };
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
      return refusal(error);
    }
  });
  const possessed = await verifyPossessions(proofs, verifyPoint);
  for (const [index, place] of places.entries())
    if (possessed[index] !== true) verdicts[place] = notPossessed;
  return verdicts;
}

function refusal({ rule, code, detail }: RequestRefused): RequestVerdict {
  return { ok: false, rule, code, detail };
}

async function answer(requests: Uint8Array): Promise<SliceAnswer> {
  try {
    return { verdicts: packVerdicts(await check(unpackRequests(requests))) };
  } catch (fault) {
    return { fault };
  }
}

// One slice after another: two at once would only answer both later.
let turn = Promise.resolve();
parentPort?.on('message', (requests: Uint8Array) => {
  turn = turn.then(async () => {
    const reply = await answer(requests);
    parentPort?.postMessage(reply, reply.verdicts === undefined ? [] : [reply.verdicts.buffer]);
  });
});
