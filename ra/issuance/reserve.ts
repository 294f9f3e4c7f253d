import type { Transaction } from '../../ops/kit/deps.js';
import type { RaContext } from '../deps.js';
import type { Intake } from '../intake/intake.js';
import { reserveDevices, settleDevices } from './device-count.js';
import { endedWithoutCertificate } from './key-owner.js';
import {
  insertKeys,
  keyHash,
  keySubject,
  moveKeys,
  registeredKeys,
  type RegisteredKey
} from './key-registry.js';
import { eui64ToSigned } from '../../pki/index.js';

/** A request that passed the checks and the id it is to have; the id of its earlier self where it is ordered again. */
export interface Wanted {
  readonly intake: Intake;
  readonly requestId: string;
}

/** What a request did not get: its public key, or a place for its device. */
export type Lost = 'key' | 'device';

/**
 * Reserves keys and device places of a group within the caller's transaction, by set, rows sorted: first the requests
 * whose keys are taken over, then devices, then keys, so that groups wait for each other and never in a circle.
 * Answers those that got none; nothing of them stays reserved. Of two members with one key the first wins.
 */
export async function reserve(
  deps: RaContext,
  trx: Transaction,
  wanted: readonly Wanted[]
): Promise<ReadonlyMap<Intake, Lost>> {
  const lost = new Map<Intake, Lost>();
  const first = new Map<string, Wanted>();
  for (const one of wanted) {
    const hash = keyHash(one.intake.facts.publicKeyHash);
    if (first.has(hash)) lost.set(one.intake, 'key');
    else first.set(hash, one);
  }
  const givenUp = await lockOwners(deps, trx, wanted);
  const placed = await takePlaces(deps, trx, first, lost);
  for (const hash of await lostKeys(deps, trx, first, lost, givenUp)) {
    const intake = first.get(hash)?.intake;
    if (intake === undefined) continue;
    // A request that lost its key to an equal one joins it, whether or not there was a place.
    lost.set(intake, 'key');
  }
  await giveBack(deps, trx, placed, lost);
  if (lost.size > 0) for (const what of lost.values()) deps.measures.conflicts.inc({ reserved: what });
  return lost;
}

/** Of the requests whose keys are to be taken over those that have ended without a certificate; they stay locked. */
async function lockOwners(
  deps: RaContext,
  trx: Transaction,
  wanted: readonly Wanted[]
): Promise<ReadonlySet<string>> {
  const owners = wanted.flatMap(({ intake }) => intake.takesOver ?? []);
  return owners.length === 0 ? new Set() : endedWithoutCertificate(deps, trx, owners, 'lock');
}

/** Answers who got a place; `lost` learns who did not. A request that is ordered again while open holds its own. */
async function takePlaces(
  deps: RaContext,
  trx: Transaction,
  wanted: ReadonlyMap<string, Wanted>,
  lost: Map<Intake, Lost>
): Promise<Intake[]> {
  const byDevice = new Map<bigint, Intake[]>();
  for (const { intake, requestId } of wanted.values()) {
    if (intake.kind !== 'device') continue;
    if (intake.earlier?.id === requestId && intake.earlier.state === 'open') continue;
    const same = byDevice.get(intake.device);
    if (same === undefined) byDevice.set(intake.device, [intake]);
    else same.push(intake);
  }
  if (byDevice.size === 0) return [];
  const limit = deps.policy.figures['device.certificate-limit'].value;
  const asked = new Map([...byDevice].map(([eui, intakes]) => [eui, intakes.length]));
  const granted = await reserveDevices(deps, trx, asked, limit);
  const placed: Intake[] = [];
  for (const [eui, intakes] of byDevice) {
    const places = granted.get(eui) ?? 0;
    placed.push(...intakes.slice(0, places));
    for (const intake of intakes.slice(places)) lost.set(intake, 'device');
  }
  return placed;
}

/** Registers keys, each for the first of the group that has it; answers those that belong to another request. */
async function lostKeys(
  deps: RaContext,
  trx: Transaction,
  wanted: ReadonlyMap<string, Wanted>,
  lost: ReadonlyMap<Intake, Lost>,
  givenUp: ReadonlySet<string>
): Promise<ReadonlySet<string>> {
  const gone = new Set<string>();
  const fresh = new Map<string, RegisteredKey>();
  const moves: { hash: string; from: string; to: string }[] = [];
  /** Keys that must be this request's own already; of those without a place it is only asked. */
  const asked = new Map<string, string | undefined>();
  for (const [hash, { intake, requestId }] of wanted) {
    const { facts, takesOver } = intake;
    if (lost.has(intake)) asked.set(hash, undefined);
    else if (takesOver !== undefined) {
      if (givenUp.has(takesOver)) moves.push({ hash, from: takesOver, to: requestId });
      else gone.add(hash);
    } else if (intake.earlier?.id === requestId) asked.set(hash, requestId);
    else fresh.set(hash, { subject: keySubject(facts), usage: facts.usage, requestId });
  }
  if (fresh.size > 0) {
    const inserted = await insertKeys(deps, trx, fresh);
    for (const hash of fresh.keys()) if (!inserted.has(hash)) gone.add(hash);
  }
  if (moves.length > 0) {
    const moved = await moveKeys(deps, trx, moves);
    for (const { hash } of moves) if (!moved.has(hash)) gone.add(hash);
  }
  if (asked.size > 0) {
    const owners = await registeredKeys(deps, trx, [...asked.keys()]);
    for (const [hash, own] of asked) {
      const owner = owners.get(hash)?.requestId;
      if (own === undefined ? owner !== undefined : owner !== own) gone.add(hash);
    }
  }
  return gone;
}

/** Places of those that lost their key. */
async function giveBack(
  deps: RaContext,
  trx: Transaction,
  placed: readonly Intake[],
  lost: ReadonlyMap<Intake, Lost>
): Promise<void> {
  const back = new Map<bigint, { released: number; issued: number }>();
  for (const intake of placed) {
    if (!lost.has(intake)) continue;
    const eui = eui64ToSigned(intake.device);
    back.set(eui, { released: (back.get(eui)?.released ?? 0) + 1, issued: 0 });
  }
  await settleDevices(deps, trx, back, deps.clock.now());
}
