/**
 * One revocation list: the previous one minus expired entries plus ordered ones, with the next number. Goes the
 * way of certificates: prepared and checked, recorded, signed once, verified, recorded, published. Needs no RA.
 */
import { HsmError } from '../../hsm/index.js';
import {
  nextCrlEntries,
  parseCrl,
  ProfileError,
  revocationReason,
  verifyIssuedCrl,
  type Certificate,
  type CertificateList,
  type CrlEntry,
  type CrlState
} from '../../pki/index.js';
import type { AuditTicket } from '../../ops/kit/audit.js';
import { CaError } from '../errors.js';
import { crlFrom } from '../issue/check-signature.js';
import type { IssueContext } from '../issue/context.js';
import type { Issuer } from '../issue/issuer.js';
import { event } from '../audit-events.js';
import { crlNumbers, insertCrl, insertCrlIntent, notAfterOf, strayedSerials } from '../ledger/crl.js';
import { serialHexOf, uuidOf } from '../ledger/identifier.js';
import { crlSchedule } from './schedule.js';

export type CrlOutcome =
  | { readonly kind: 'not-due' }
  /** Another process has the number, or had it a moment ago. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'issued'; readonly number: bigint; readonly ticket: AuditTicket };

/** Issues the next list of an issuer when it is due. Throws when it cannot; a later round tries again. */
export async function issueCrl(issuer: Issuer, ctx: IssueContext): Promise<CrlOutcome> {
  const schedule = crlSchedule(issuer.profile, ctx.policy);
  const { leaseMs } = ctx.config.limits;
  const now = wholeSeconds(ctx.clock.now());

  const numbers = await crlNumbers(ctx.database, issuer.name, leaseMs);
  if (numbers.underWay) return { kind: 'elsewhere' };
  const last = numbers.last === undefined ? undefined : readOwnCrl(numbers.last.der, issuer.certificate, now);
  const previous = last === undefined ? undefined : stateOf(last);
  const facts = { now, ...(await revocations(issuer, previous, ctx)) };
  const overdue = last === undefined || now.getTime() - last.thisUpdate.getTime() >= schedule.intervalMs;
  if (!overdue && facts.orderedRevocations.length === 0) return { kind: 'not-due' };

  const number = numbers.lastNumber + 1n;
  const input = {
    issuer: issuer.certificate,
    number,
    thisUpdate: now,
    nextUpdate: new Date(now.getTime() + schedule.lifetimeMs),
    entries: nextCrlEntries(previous, facts)
  };
  // A number given up after the previous list is the one before this: numbers rise by one, lists may not.
  const before = previous ?? { issuer: issuer.certificate.subject.der, thisUpdate: new Date(0), entries: [] };
  const continued = numbers.lastNumber === 0n ? undefined : { ...before, number: numbers.lastNumber };
  const prepared = ctx.lint.crl(input, issuer.keyLabel, continued, facts);

  await ctx.stage('ca:crl-intent:before');
  const recorded = await ctx.database.transaction(async trx => {
    const row = { issuer: issuer.name, number, holder: ctx.holder, tbsSha256: prepared.tbsSha256 };
    if (!(await insertCrlIntent(trx, row))) return false;
    await ctx.audit.record(trx, [event('ca.crl.intent', ctx, crlFacts(issuer.name, number))]);
    return true;
  });
  await ctx.stage('ca:crl-intent:after');
  if (!recorded) return { kind: 'elsewhere' };

  await ctx.stage('ca:crl-sign:before');
  const signature = await ctx.signer.sign(prepared.signRequest);
  await ctx.stage('ca:crl-sign:after');
  const list = crlFrom(prepared.tbs, signature, issuer.certificate, issuer.profile, ctx.policy);
  const verified = verifyIssuedCrl(list, issuer.certificate, now);
  if (!verified.ok) throw new CaError('ca/wrong-signature', `the new list does not verify: ${verified.code}`);

  await ctx.stage('ca:crl-store:before');
  const ticket = await ctx.database.transaction(async trx => {
    const { thisUpdate, nextUpdate, der } = list;
    await insertCrl(trx, { issuer: issuer.name, number, der, thisUpdate, nextUpdate, graceMs: 0 });
    const told = { ...crlFacts(issuer.name, number), entries: list.entryCount };
    return ctx.audit.record(trx, [event('ca.crl.signed', ctx, told)]);
  });
  await ctx.stage('ca:crl-store:after');
  return { kind: 'issued', number, ticket };
}

/** An alarm: continuity, a wrong signature, a permit refused. An absent token is none. */
export function isCrlAlarm(error: unknown): error is ProfileError | CaError | HsmError {
  if (error instanceof HsmError) return error.code === 'hsm/permit';
  return error instanceof ProfileError || error instanceof CaError;
}

/**
 * A stored list, believed only when the issuer's own key signed it: a list changed in the database ends here and
 * not on the next list. Its dates may be past.
 */
function readOwnCrl(der: Uint8Array, issuer: Certificate, now: Date): CertificateList {
  const list = parseCrl(der);
  const at = now < list.thisUpdate ? list.thisUpdate : now > list.nextUpdate ? list.nextUpdate : now;
  const verified = verifyIssuedCrl(list, issuer, at);
  if (!verified.ok)
    throw new CaError('ca/crl-continuity', `the stored list does not verify: ${verified.code}`);
  return list;
}

function stateOf(list: CertificateList): CrlState {
  const entries = [...list.entries()].map(({ serialHex, date, reason }): CrlEntry => {
    const name = reason === undefined ? undefined : revocationReason(reason);
    if (name === undefined)
      throw new CaError('ca/crl-continuity', `entry ${serialHex} has a reason we never give`);
    return { serialHex, date, reason: name };
  });
  return { issuer: list.issuer.der, number: list.number, thisUpdate: list.thisUpdate, entries };
}

/**
 * What is to be listed: serials of certificates that may exist and that nobody accounts for. Their successor has
 * the same key, hence `superseded`. Revocation orders will come with the officers' signatures; there is no form
 * of one yet, so no row of `ca.revocation` can be genuine and none is read.
 */
async function revocations(
  issuer: Issuer,
  previous: CrlState | undefined,
  ctx: IssueContext
): Promise<{ orderedRevocations: CrlEntry[]; notAfter: (serialHex: string) => Date | undefined }> {
  const known = new Set(previous?.entries.map(({ serialHex }) => serialHex));
  const now = ctx.clock.now();
  const strayed = (await strayedSerials(ctx.database, issuer.name))
    .map(row => ({ ...row, serialHex: serialHexOf(row.serial) }))
    .filter(row => !known.has(row.serialHex) && row.notAfter > now);
  const listed = [...known].map(serialHex => uuidOf(Buffer.from(serialHex, 'hex')));
  const ends = await notAfterOf(ctx.database, issuer.name, listed);
  return {
    orderedRevocations: strayed.map(({ serialHex, abandonedAt }) => ({
      serialHex,
      date: wholeSeconds(abandonedAt < now ? abandonedAt : now),
      reason: 'superseded'
    })),
    notAfter: serialHex => ends.get(uuidOf(Buffer.from(serialHex, 'hex')))
  };
}

function crlFacts(issuer: string, number: bigint): { issuer: string; number: string } {
  return { issuer, number: number.toString() };
}

function wholeSeconds(at: Date): Date {
  return new Date(Math.floor(at.getTime() / 1_000) * 1_000);
}
