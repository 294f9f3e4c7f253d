import type { Environment } from '../messages/environment.js';

/**
 * The figures of the Smart Energy Code that the program depends on, with where each comes from. A figure that
 * was not read in a primary text is `verified: false`: it can be changed in configuration and never stands as
 * a constant elsewhere. This table is the closed set of their names.
 */
export interface FigureRow<T> {
  readonly value: T | ((environment: Environment) => T);
  readonly unit: string;
  /** Where the figure was read, or `design` with the thought behind it. */
  readonly source: string;
  /** True only for what was read in a primary text or decoded from real certificates. */
  readonly verified: boolean;
}

const recalled = 'recalled from the SEC certificate policies, text not obtainable';

function read<T>(value: FigureRow<T>['value'], unit: string, source: string): FigureRow<T> {
  return { value, unit, source, verified: true };
}

function unread<T>(value: FigureRow<T>['value'], unit: string, source: string): FigureRow<T> {
  return { value, unit, source, verified: false };
}

export const figureRows = {
  // Lifetimes. A device certificate has none: 99991231235959Z is part of its profile (GBCS 12).
  'lifetime.root-oca': unread<number>(50, 'years', `Appendix B, ${recalled}`),
  'lifetime.issuing-oca': unread<number>(25, 'years', `test hierarchies; live ${recalled}`),
  'lifetime.organisation': unread<number>(10, 'years', `test hierarchies; live ${recalled}`),
  'lifetime.root-dca': unread<number>(50, 'years', `Appendix A, ${recalled}`),
  'lifetime.issuing-dca': unread<number>(
    25,
    'years',
    `Appendix A, ${recalled}; must outlive reliance on device certificates`
  ),
  'lifetime.root-ica': unread<number>(20, 'years', 'design: Appendix Q not obtainable'),
  'lifetime.issuing-ica': unread<number>(10, 'years', 'design: Appendix Q not obtainable'),
  'lifetime.iki-client': unread<number>(
    1,
    'years',
    'design: Appendix Q not obtainable; one year for systems'
  ),

  // Policy OIDs, a set per domain: certificates are issued under the first and accepted under any.
  'oid.smki-device': unread<readonly string[]>(
    environment => (environment === 'test' ? ['1.2.826.0.1.8641679.1.2.1.4'] : []),
    'OIDs',
    'test: decoded test certificates; live: Appendix A, not obtainable'
  ),
  'oid.smki-organisation': unread<readonly string[]>(
    environment => (environment === 'test' ? ['1.2.826.0.1.8641679.1.2.1.4'] : []),
    'OIDs',
    'test: decoded test certificates; live: Appendix B, not obtainable'
  ),
  'oid.iki': unread<readonly string[]>(
    environment => (environment === 'test' ? ['2.25.40770280000558349938338300825297129031'] : []),
    'OIDs',
    'test: design, a UUID OID (X.667) of this project; live: Appendix Q, not obtainable'
  ),

  'oid.dccki': unread<readonly string[]>([], 'OIDs', 'no DCCKI profile is issued yet'),

  // Revocation lists: the CRL of each domain's issuing CA, the ARL of its root.
  'crl.organisation.interval': unread<number>(12, 'hours', `Appendix B, ${recalled}`),
  'crl.organisation.lifetime': unread<number>(48, 'hours', `Appendix B, ${recalled}`),
  'crl.organisation.after-revocation': unread<number>(1, 'hours', `Appendix B, ${recalled}`),
  'arl.organisation.lifetime': unread<number>(12, 'months', `Appendix B, ${recalled}`),
  'crl.iki.interval': unread<number>(12, 'hours', 'design: as the organisation CRL'),
  'crl.iki.lifetime': unread<number>(48, 'hours', 'design: as the organisation CRL'),
  'crl.iki.after-revocation': unread<number>(1, 'hours', 'design: as the organisation CRL'),
  'arl.iki.lifetime': unread<number>(12, 'months', 'design: as the organisation ARL'),

  // Keys.
  'key.iki.bits': unread<number>(
    2048,
    'bits',
    'clients: SEC Appendix M App. G; certification authorities: design, Appendix Q not obtainable'
  ),
  'key.issuing-dca.max-age': unread<number>(90, 'days', `three months, Appendix A, ${recalled}`),
  'key.issuing-dca.max-certificates': unread<number>(100_000, 'certificates', `Appendix A, ${recalled}`),

  // Requests.
  'request.max-octets': unread<number>(4_096, 'octets', 'design: samples are below 1 KiB'),
  'request.possession.device': unread<string>(
    'ra',
    'checked by: ra, both',
    'design: the RA checks possession, the CA repeats it where both stands'
  ),
  'request.possession.organisation': unread<string>('both', 'checked by: ra, both', 'design'),
  'request.possession.iki': unread<string>('both', 'checked by: ra, both', 'design'),
  'device.certificate-limit': read<number>(100, 'certificates per Device ID', 'SEC Appendix M 2.4'),
  'organisation.eui-prefixes': unread<readonly string[]>(
    environment => (environment === 'test' ? ['90-B3-D5-1F-3'] : ['70-B3-D5-1F-3']),
    'EUI-64 prefixes',
    'published migration file names and decoded test certificates'
  ),
  'organisation.common-name': unread<boolean>(
    true,
    'allowed',
    'SEC Appendix M App. F allows it where the policy does; that policy is not obtainable'
  ),
  'role.maker': unread<string>('7F', 'role code, two hexadecimal digits', 'design: makers act as other'),

  // Eligible Subscribers for device certificates (SEC L3.16; content of the matrix recalled).
  'eligibility.unknown-device': unread<string>(
    'pending',
    'treated as: pending, ineligible',
    `L3.16, ${recalled}`
  ),
  'eligibility.whitelisted-as-pending': unread<boolean>(true, 'applies', `L3.16, ${recalled}`),
  'eligibility.suspended-for-supplier': unread<boolean>(true, 'applies', `L3.16, ${recalled}`),

  // Rates: "reasonable steps" limits of Appendix N, soft classes per party.
  'adhoc.day.from': read<number>(7, 'hour, local time', 'SEC Appendix N'),
  'adhoc.day.until': read<number>(20, 'hour, local time', 'SEC Appendix N'),
  'adhoc.day.spacing': read<number>(0.8, 'seconds per request and party', 'SEC Appendix N'),
  'adhoc.night.spacing': read<number>(4, 'seconds per request and party', 'SEC Appendix N'),
  'portal.requests-per-day': read<number>(150, 'requests per party', 'SEC Appendix N'),

  // Batches of device requests.
  'batch.requests': read<number>(
    50_000,
    'requests per batch',
    'SEC Appendix M 2.5; L8.2 prevails if it differs'
  ),
  'batch.results': read<number>(30, 'days a result can be fetched', 'SEC Appendix M 2.5'),
  'batch.window': unread<string>(
    environment => (environment === 'test' ? 'always' : 'night'),
    'processed: always, night',
    'design: test batches run at once; live ones in the hours Appendix N plans with'
  ),
  'batch.night.from': read<number>(20, 'hour, local time', 'SEC Appendix N'),
  'batch.night.until': read<number>(8, 'hour, local time', 'SEC Appendix N'),
  'batch.night.requests': read<number>(375_000, 'requests of all batches per night', 'SEC Appendix N'),
  'batch.notice.requests': read<number>(
    50_000,
    'requests per party and 24 hours without seven days of notice',
    'SEC Appendix N'
  ),

  // Deadlines.
  'deadline.order': unread<number>(
    25,
    'seconds',
    `design: five seconds within the 30 of SEC L8.3(a), ${recalled}`
  ),

  'serial.max-octets': unread<number>(
    16,
    'octets',
    `SMKI certificate policies, ${recalled}; every certificate seen has 16, RFC 5280 4.1.2.2 would allow 20`
  ),

  // Lints.
  'lint.not-before-skew': unread<number>(5, 'minutes', 'design'),
  'lint.max-octets': unread<number>(
    1_024,
    'octets',
    'design: nine certificates must fit the largest device command'
  )
} as const satisfies Record<
  string,
  FigureRow<number> | FigureRow<string> | FigureRow<boolean> | FigureRow<readonly string[]>
>;

export type FigureName = keyof typeof figureRows;

/** The type of a figure's value. */
export type FigureValue<K extends FigureName> = (typeof figureRows)[K] extends FigureRow<infer T> ? T : never;

/** Names of the figures whose value has the type `T`. */
export type FigureNameOf<T> = { [K in FigureName]: FigureValue<K> extends T ? K : never }[FigureName];
