/** Lists on their way to the repository, and lists made by a ceremony on their way into the ledger. */
import { createHash } from 'node:crypto';
import { formatName, parseCrl, verifyIssuedCrl, type Certificate } from '../../pki/index.js';
import type { AuditTicket } from '../../ops/kit/audit.js';
import { CaError } from '../errors.js';
import { anyOf } from '../deliver.js';
import type { IssueContext } from '../issue/context.js';
import { event } from '../audit-events.js';
import {
  acknowledgeCrl,
  crlNumbers,
  insertCrl,
  insertCrlIntent,
  postponeCrl,
  takeDueCrls
} from '../ledger/crl.js';
import { PeerConflict, type RepositoryPeer } from '../peers.js';

/** Publishes what is due and not acknowledged. A failure is logged and tried again. */
export async function publishCrls(repositories: readonly RepositoryPeer[], ctx: IssueContext): Promise<void> {
  const { leaseMs, retryMs, maxRetryMs } = ctx.config.limits;
  for (const { issuer, number, der } of await takeDueCrls(ctx.database, leaseMs)) {
    try {
      // Whoever signed the list: this log says so before anybody is told, or nobody is told.
      await ctx.audit.append([event('ca.crl.published', ctx, { issuer, number })]);
      await ctx.stage('ca:crl-publish:before');
      await anyOf(repositories, peer => peer.publish({ kind: 'crl', crl: der }));
      await ctx.stage('ca:crl-publish:after');
      await acknowledgeCrl(ctx.database, issuer, number);
    } catch (error) {
      const conflict = error instanceof PeerConflict;
      ctx.log[conflict ? 'fatal' : 'warn'](
        { err: error, issuer, number },
        'revocation list not published yet'
      );
      if (conflict) await ctx.audit.append([event('ca.alarm.conflict', ctx, { issuer, number })]);
      await postponeCrl(ctx.database, issuer, number, conflict ? maxRetryMs : retryMs);
    }
  }
}

/**
 * Takes in the lists that the ceremony made, ARLs and first CRLs, where the ledger has none as new of their
 * issuer: numbers go on from there. `ca/configuration` for a list that no configured CA or root signed.
 */
export async function importCrls(
  lists: readonly Uint8Array[],
  authorities: readonly Certificate[],
  ctx: IssueContext
): Promise<AuditTicket[]> {
  const tickets: AuditTicket[] = [];
  for (const der of lists) {
    const list = parseCrl(der);
    const signer = authorities.find(candidate => verifyIssuedCrl(list, candidate, list.thisUpdate).ok);
    if (signer === undefined)
      throw new CaError('ca/configuration', 'a configured revocation list is of no configured CA or root');
    const issuer = formatName(signer.subject);
    const { number, thisUpdate, nextUpdate } = list;
    if ((await crlNumbers(ctx.database, issuer, 0)).lastNumber >= number) continue;
    await ctx.database.transaction(async trx => {
      if (!(await insertCrlIntent(trx, { issuer, number, holder: ctx.holder, tbsSha256: sha256(list.tbs) })))
        return;
      await insertCrl(trx, { issuer, number, der, thisUpdate, nextUpdate, graceMs: 0 });
      const facts = { issuer, number: number.toString() };
      tickets.push(await ctx.audit.record(trx, [event('ca.crl.imported', ctx, facts)]));
    });
  }
  return tickets;
}

function sha256(octets: Uint8Array): Uint8Array {
  return createHash('sha256').update(octets).digest();
}
