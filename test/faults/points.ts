/**
 * How a test brings a process to each point of issuance, and who else takes part in the step around it. Total over
 * the components' own lists of points: a new point without a row fails the test.
 */
import { stages as caStages, type CaStage } from '../../ca/stages.js';
import { raStages, type RaStage } from '../../ra/stages.js';
import { stages as repositoryStages } from '../../repository/stages.js';

/** What leads to the point. */
export type Way =
  /** A device request of a supplier through the Ad Hoc Device CSR web service. */
  | 'device'
  /** The same; the CA is killed between intent and signature, the next one takes the order over. */
  | 'take-over'
  /** An organisation request; the CA is killed with its signature in hand, the serial has to be listed. */
  | 'list'
  /** A device request that no CA claims before the deadline. */
  | 'unclaimed'
  /** A device request over the JSON API, there before a CA comes to ask. */
  | 'claim'
  /** A batch of some device requests in groups of one or two, approved by rule. */
  | 'batch';

/**
 * Who takes part in a step besides the process that stands at it: `database`, it reads or writes there; `token`, the
 * process signs; `ca` or `repository`, that process has to do with the same group at this moment.
 */
type Part = 'database' | 'token' | 'ca' | 'repository';

interface Point {
  readonly way: Way;
  readonly parts: readonly Part[];
}

const point = (way: Way, ...parts: readonly Part[]): Point => ({ way, parts });

const ca: Record<CaStage, Point> = {
  'ca:4:claimed': point('device', 'database'),
  'ca:5:prepared': point('device'),
  'ca:6:before': point('device', 'database'),
  'ca:6:after': point('device', 'database'),
  'ca:7:before': point('device', 'token'),
  'ca:7:after': point('device', 'token'),
  'ca:8:before': point('device', 'database'),
  'ca:8:after': point('device', 'database'),
  'ca:9-seal:before': point('device', 'database'),
  'ca:9-seal:after': point('device', 'database'),
  'ca:9-publish:before': point('device', 'database'),
  'ca:9-publish:after': point('device', 'database'),
  'ca:9-report:before': point('device', 'database'),
  'ca:9-report:after': point('device', 'database'),
  'ca:9-acknowledge:before': point('device', 'database'),
  'ca:9-acknowledge:after': point('device', 'database'),
  'ca:10:before': point('take-over', 'database'),
  'ca:10:after': point('take-over', 'database'),
  'ca:crl-intent:before': point('list', 'database'),
  'ca:crl-intent:after': point('list', 'database'),
  'ca:crl-sign:before': point('list', 'token'),
  'ca:crl-sign:after': point('list', 'token'),
  'ca:crl-store:before': point('list', 'database'),
  'ca:crl-store:after': point('list', 'database'),
  'ca:crl-publish:before': point('list', 'database'),
  'ca:crl-publish:after': point('list', 'database')
};

const ra: Record<RaStage, Point> = {
  'ra:check:before': point('device', 'database'),
  'ra:check:after': point('device', 'database'),
  'ra:sign-order:before': point('device', 'token'),
  'ra:sign-order:after': point('device', 'token'),
  'ra:decide:before': point('device', 'database'),
  'ra:decide:after': point('device', 'database'),
  'ra:seal-decision:after': point('device', 'database'),
  'ra:claim:before': point('claim', 'database'),
  'ra:claim:after': point('claim', 'database'),
  'ra:report:before': point('device', 'database'),
  'ra:report:after': point('device', 'database'),
  'ra:cancel:before': point('unclaimed', 'database'),
  'ra:cancel:after': point('unclaimed', 'database'),
  'ra:deliver:before': point('device', 'database'),
  'ra:deliver:after': point('device', 'database'),
  'ra:batch-submit:before': point('batch', 'database'),
  'ra:batch-submit:after': point('batch', 'database'),
  'ra:batch-parse:before': point('batch', 'database'),
  // The next step signs the first orders; where a group is at its transaction, others are about to be signed.
  'ra:batch-parse:after': point('batch', 'database', 'token'),
  'ra:batch-group:before': point('batch', 'database', 'token'),
  'ra:batch-group:after': point('batch', 'database', 'ca', 'repository'),
  // The CA waits for the answer to its report, with other groups in hand.
  'ra:batch-settle:before': point('batch', 'database', 'ca', 'repository'),
  'ra:batch-settle:after': point('batch', 'database', 'ca')
};

const repository: Record<(typeof repositoryStages)[number], Point> = {
  'repository:9:before': point('device', 'database'),
  'repository:9:after': point('device', 'database')
};

const table = { ra, ca, repository } as const satisfies Record<string, Readonly<Record<string, Point>>>;

/** The points as the components declare them. */
export const declared: Readonly<Record<keyof typeof table, readonly string[]>> = {
  ra: raStages,
  ca: caStages,
  repository: repositoryStages
};

export type Victim = 'ra' | 'ca' | 'repository' | 'signer' | 'postgres';
export const victims: readonly Victim[] = ['ra', 'ca', 'repository', 'signer', 'postgres'];
/** The RA takes part in its own steps alone. */
const partOf: Readonly<Partial<Record<Victim, Part>>> = {
  ...{ ca: 'ca', repository: 'repository', signer: 'token', postgres: 'database' }
};

/** One row: bring `owner` to `at`, kill the victim. */
export interface Row {
  readonly victim: Victim;
  /** Who stands at the point; a signer killed is the owner's. */
  readonly owner: keyof typeof table;
  readonly at: string;
  readonly way: Way;
}

/** The rows of a victim, in the order of the steps. A declared point without a row throws. */
export function rowsOf(victim: Victim): readonly Row[] {
  return (['ra', 'ca', 'repository'] as const).flatMap(owner =>
    declared[owner].flatMap(at => {
      const found = (table[owner] as Readonly<Record<string, Point>>)[at];
      if (found === undefined) throw new RangeError(`no row says how a test comes to ${at}`);
      const part = partOf[victim];
      const takesPart = victim === owner || (part !== undefined && found.parts.includes(part));
      return takesPart ? [{ victim, owner, at, way: found.way }] : [];
    })
  );
}
