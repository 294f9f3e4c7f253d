import { hash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../../ops/kit/clock.js';
import {
  DerError,
  parseCrl,
  X509Error,
  type Certificate,
  type CertificateList,
  type ProfileName
} from '../../pki/index.js';
import { smkiVerifier, type SmkiVerifier } from '../../pki/verify/index.js';
import type { Metrics } from '../metrics.js';
import { publishedCrls } from '../publish/published-crls.js';
import { rows, type Connection } from '../store/prepared.js';

/** What answers rest on at one moment: authorities and lists of the repository under the configured anchors. */
export interface Trust {
  readonly verifier: SmkiVerifier;
  /** The lists handed to the verifier, to be named in receipts. */
  readonly lists: readonly KnownList[];
}

export interface KnownList {
  /** DER Name. */
  readonly issuer: Uint8Array;
  readonly number: bigint;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly sha256: Uint8Array;
}

export interface TrustOptions extends Connection {
  readonly anchors: readonly Certificate[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'alarms' | 'crlNextUpdate'>;
  /** How old what was read may be. */
  readonly refreshMs: number;
  /** How far back questions may reach: lists that were in force then are kept. */
  readonly maxPastMs: number;
}

/** DESIGN: authorities there are some tens of, over all domains and decades. */
const maxAuthorities = 256;
/** As many lists of one issuer as the verifier looks at. */
const maxListsOfIssuer = 16;

interface State {
  readonly crl: string;
  readonly authority: string;
}

interface ListRow {
  der: Buffer;
  sha256: Buffer;
  profile: ProfileName;
}

/**
 * Keeps what answers rest on current. What was read is used for `refreshMs`; after that the next question asks the
 * database first whether there is anything new, and waits for it: nobody is answered by a list that the repository
 * has replaced for longer, and where the database does not answer nobody is answered at all.
 *
 * The rows are not trusted: authorities are candidates until they lead to an anchor, and a list counts under the
 * signature of the issuer that was found good. Whoever can change the tables can make this service refuse.
 */
export class CurrentTrust {
  readonly #options: TrustOptions;
  #trust: Trust | undefined;
  #state: State | undefined;
  #readAt = 0;
  #reading: Promise<void> | undefined;

  constructor(options: TrustOptions) {
    this.#options = options;
  }

  /** Throws when the database cannot be asked. */
  async current(): Promise<Trust> {
    const age = this.#options.clock.now().getTime() - this.#readAt;
    // A clock that was set back must not make what was read last for ever.
    if (this.#trust === undefined || age > this.#options.refreshMs || age < 0)
      await (this.#reading ??= this.#refresh().finally(() => (this.#reading = undefined)));
    if (this.#trust === undefined) throw new Error('nothing was read');
    return this.#trust;
  }

  async #refresh(): Promise<void> {
    const at = this.#options.clock.now();
    // `offset 0` keeps the planner from looking for the greatest id among millions of device certificates.
    const [state] = await rows<State>(
      this.#options,
      'validation-state',
      `select coalesce((select max(id) from repository.crl), 0)::text as crl,
         (select coalesce(max(id), 0)::text || '/' || count(*) from
           (select id from repository.certificate where kind = 'ca' offset 0) authority) as authority`,
      []
    );
    if (state === undefined) throw new Error('the statement answered no row');
    if (this.#trust === undefined || !sameState(state, this.#state)) {
      this.#trust = await this.#load(at);
      this.#state = state;
    }
    this.#readAt = at.getTime();
  }

  async #load(at: Date): Promise<Trust> {
    const authorities = await rows<{ der: Buffer }>(
      this.#options,
      'validation-authorities',
      `select der from repository.certificate where kind = 'ca' order by id desc limit ${maxAuthorities}`,
      []
    );
    const stored = await rows<ListRow>(
      this.#options,
      'validation-lists',
      `select c.der, c.sha256, c.profile from
         (select id, next_update, row_number() over (partition by authority_key, issuer order by number desc) as place
          from repository.crl) recent join repository.crl c on c.id = recent.id
       where place = 1 or (place <= ${maxListsOfIssuer} and recent.next_update >= $1::timestamptz)
       order by c.id desc`,
      [new Date(at.getTime() - this.#options.maxPastMs)]
    );
    const whole = stored.flatMap(row => this.#readList(row) ?? []);
    const verifier = smkiVerifier({
      issuers: authorities.map(({ der }) => der),
      anchors: this.#options.anchors.map(({ der }) => der),
      crls: whole.map(({ der }) => der)
    });
    return { verifier, lists: whole.map(({ list }) => list) };
  }

  /** A damaged row is left out: the status it would have given is then unknown, which refuses. */
  #readList({ der, sha256, profile }: ListRow): { der: Uint8Array; list: KnownList } | undefined {
    const read = hash('sha256', der, 'buffer').equals(sha256) ? readCrl(der) : undefined;
    if (read === undefined) {
      this.#options.metrics.alarms.inc({ code: 'repository/inconsistent' });
      this.#options.log.error({ code: 'repository/inconsistent' }, 'a stored list contradicts its row');
      return undefined;
    }
    const { issuer, number, thisUpdate, nextUpdate } = read;
    const name = publishedCrls[profile]?.name;
    if (name !== undefined) this.#options.metrics.crlNextUpdate.set({ name }, nextUpdate.getTime() / 1_000);
    return { der, list: { issuer: issuer.der, number, thisUpdate, nextUpdate, sha256 } };
  }
}

function readCrl(der: Uint8Array): CertificateList | undefined {
  try {
    return parseCrl(der);
  } catch (error) {
    if (error instanceof DerError || error instanceof X509Error) return undefined;
    throw error;
  }
}

function sameState(a: State, b: State | undefined): boolean {
  return a.crl === b?.crl && a.authority === b.authority;
}
