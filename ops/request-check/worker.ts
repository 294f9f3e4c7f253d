import { workerData } from 'node:worker_threads';
import {
  checkRequestAndPossession,
  RequestRefused,
  type RequestKind,
  type RequestPolicy
} from '../../pki/request/index.js';
import type { RequestVerdict } from '../../ra/deps.js';

/** What the pool hands a worker at its start. */
export interface RequestCheckData {
  readonly policy: RequestPolicy;
}

export interface RequestCheckTask {
  readonly bytes: Uint8Array;
  readonly kind: RequestKind;
}

const { policy } = workerData as RequestCheckData;

/** Rules R1 to R8 and R16 with proof of possession. A refusal is an answer; anything else is a fault of ours. */
export default async function check(task: RequestCheckTask): Promise<RequestVerdict> {
  try {
    return { ok: true, facts: await checkRequestAndPossession(task.bytes, task.kind, policy) };
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    return { ok: false, rule: error.rule, code: error.code, detail: error.detail };
  }
}
