import type pg from 'pg';

/** What the ledgers hold of device certificates, to be held against what subscribers were told. */
export interface Books {
  readonly issued: number;
  /** Distinct requests and serial numbers among them: fewer than `issued` would be one certified twice. */
  readonly requests: number;
  readonly serials: number;
  readonly published: number;
  /** Certificates of the CA that the repository does not hold, by serial number. */
  readonly unpublished: number;
  readonly openIntents: number;
}

export async function readBooks(admin: pg.Client): Promise<Books> {
  const { rows } = await admin.query<Record<keyof Books, string>>(
    `with issued as (select * from ca.certificate where profile like 'device-%'),
       published as (select serial from repository.certificate where kind = 'device')
     select (select count(*) from issued)::text as issued,
       (select count(distinct request_id) from issued)::text as requests,
       (select count(distinct serial) from issued)::text as serials,
       (select count(*) from published)::text as published,
       (select count(*) from issued where serial not in (select serial from published))::text as unpublished,
       (select count(*) from ca.intent where state = 'open')::text as "openIntents"`
  );
  const [row] = rows;
  if (row === undefined) throw new Error('no row');
  return Object.fromEntries(
    Object.entries(row).map(([name, text]) => [name, Number(text)])
  ) as unknown as Books;
}

/** Throws where the books do not say what subscribers were told. */
export function checkBooks(before: Books, after: Books, certified: number): void {
  const issued = after.issued - before.issued;
  const wrong = [
    ...(issued === certified ? [] : [`${certified} were told SUCCESS, ${issued} were issued`]),
    ...(after.requests === after.issued
      ? []
      : [`${after.issued} certificates of ${after.requests} requests`]),
    ...(after.serials === after.issued ? [] : [`${after.issued} certificates with ${after.serials} serials`]),
    ...(after.unpublished === 0 ? [] : [`${after.unpublished} certificates are not published`]),
    ...(after.published === after.issued
      ? []
      : [`${after.issued} were issued, ${after.published} are published`])
  ];
  if (wrong.length > 0) throw new Error(`the books do not agree: ${wrong.join('; ')}`);
}

/** Work that was put off: publications not acknowledged, and audit events not known to stand in the log. */
export async function readLags(
  admin: pg.Client
): Promise<{ readonly publication: number; readonly audit: number }> {
  const unsettled = ['ca', 'ra', 'repository'].map(
    schema =>
      `(select count(*) from ${schema}.audit_event e join ${schema}.audit_head h using (instance)
        where e.transaction > h.settled_transaction)`
  );
  const { rows } = await admin.query<{ publication: string; audit: string }>(
    `select (select count(*) from ca.outbox where published_at is null)::text as publication,
       (${unsettled.join(' + ')})::text as audit`
  );
  return { publication: Number(rows[0]?.publication ?? 0), audit: Number(rows[0]?.audit ?? 0) };
}
