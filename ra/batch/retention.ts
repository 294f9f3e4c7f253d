import type { RaContext } from '../deps.js';

/**
 * Deletes content and results of batches past their time, a few at a turn; batch, facts and audit events stay. The
 * database lets it do no more than that: `ra.erase_batch` checks the time again. What was found TAMPERED is kept for
 * whoever looks into it.
 */
export async function eraseExpired(deps: RaContext): Promise<number> {
  const at = deps.clock.now();
  const due = await deps.sql.rows<{ id: string }>(
    deps.database,
    'ra_batches_to_erase',
    `select id from ra.batch where erased_at is null and available_until <= $1 order by available_until limit 10`,
    [at]
  );
  for (const { id } of due) {
    const ticket = await deps.database.transaction(async trx => {
      const [row] = await deps.sql.rows<{ erased: boolean }>(
        trx,
        'ra_batch_erase',
        'select ra.erase_batch($1, $2) as erased',
        [id, at]
      );
      // Another RA was first.
      if (row?.erased !== true) return undefined;
      return deps.audit.record(trx, [
        { type: 'ra.batch.erased', actor: deps.config.instance, facts: { batch: id } }
      ]);
    });
    if (ticket !== undefined) await deps.audit.seal(ticket);
  }
  return due.length;
}
