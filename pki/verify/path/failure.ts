import { revocationCodes, type RevocationCode } from './revocation.js';

/** Why a certificate or a path is refused, least specific first: of two failures at one place the later is told. */
export const pathOnlyCodes = [
  /** No certificate and no anchor has the issuer's name, or none of those leads to an anchor. */
  'path/issuer-not-found',
  /** The only ways on lead back to a name and key that already stand in the path. */
  'path/loop',
  /** More intermediates than `maxDepth`. */
  'path/depth',
  'path/signature',
  /** An algorithm that is not believed, or two different algorithm fields (RFC 5280 4.1.1.2). */
  'path/signature-algorithm',
  /** Not strict DER, or not the structure of a certificate. */
  'path/malformed',
  /** Not a key of P-256, P-384 or RSA of 2048 to 8192 bits. */
  'path/public-key',
  'path/version',
  'path/serial',
  /** Not a date, or not in the form of RFC 5280 4.1.2.5. */
  'path/time',
  'path/issuer-name',
  'path/subject-name',
  'path/duplicate-extension',
  /** The extension's value, criticality or place is not what RFC 5280 4.2 says. */
  'path/subject-alt-name',
  'path/issuer-alt-name',
  'path/subject-key-identifier',
  'path/authority-key-identifier',
  'path/crl-distribution-points',
  'path/freshest-crl',
  'path/extended-key-usage-form',
  'path/key-usage-form',
  'path/certificate-policies',
  'path/policy-mappings',
  'path/policy-constraints',
  'path/inhibit-any-policy',
  'path/name-constraints-form',
  'path/basic-constraints',
  'path/critical-extension',
  /** An issuer without cA, or without keyCertSign (RFC 5280 6.1.4 k, n). */
  'path/issuer-authority',
  'path/path-length',
  'path/not-yet-valid',
  'path/expired',
  /** A name outside the permitted subtrees, inside an excluded one, or one that cannot be told (RFC 5280 4.2.1.10). */
  'path/name-constraints',
  /** An explicit policy is required and none is left (RFC 5280 6.1.5). */
  'path/explicit-policy',
  /** Asked for, and not allowed by the target or by a CA above it. */
  'path/extended-key-usage',
  'path/key-usage',
  /** A budget of the call is spent: nobody can say whether there is a path. */
  'path/budget'
] as const;

export const inputCodes = [
  /** Not one anchor that can be read. */
  'input/anchor'
] as const;

export type PathCode = (typeof inputCodes)[number] | (typeof pathOnlyCodes)[number] | RevocationCode;

/** Every code, in the order of their rank. */
export const pathCodes: readonly PathCode[] = [...inputCodes, ...pathOnlyCodes, ...revocationCodes];

const ranks: ReadonlyMap<PathCode, number> = new Map(pathCodes.map((code, rank) => [code, rank]));

export interface PathFailure {
  readonly code: PathCode;
  /** One sentence for people; without text from the input. */
  readonly message: string;
  /** 0 the target, 1 its issuer and so on. */
  readonly depth: number;
  /** DER of the certificate at fault. */
  readonly certificate?: Uint8Array;
  /** Dates in ISO 8601, object identifiers dotted, names in RFC 4514 with controls escaped. */
  readonly facts?: Readonly<Record<string, string>>;
  /** The best failures of other paths that were tried, and what was left out because it cannot be read. */
  readonly others?: readonly Omit<PathFailure, 'others'>[];
}

/** What one check found: a failure that has no place in a path yet. */
export interface Fault {
  readonly code: PathCode;
  readonly message: string;
  readonly facts?: Readonly<Record<string, string>>;
}

export function fault(code: PathCode, message: string, facts?: Readonly<Record<string, string>>): Fault {
  return facts === undefined ? { code, message } : { code, message, facts };
}

/** The fault at its place. */
export function failureAt(found: Fault, depth: number, certificate: Uint8Array | undefined): PathFailure {
  return { ...found, depth, ...(certificate === undefined ? {} : { certificate }) };
}

/** DESIGN: enough to see what was wrong with each of a few cross-certificates; a crowd of junk stays out of logs. */
const maxOthers = 8;

interface Told {
  readonly failure: PathFailure;
  readonly path: readonly Uint8Array[];
  readonly score: readonly number[];
}

/** The failures of the paths that were tried; the most specific is told first. */
export class Failures {
  readonly #told: Told[] = [];

  /**
   * @param reached whether the path led to an anchor
   * @param hint 2 when key identifiers match, 0 when they differ, 1 when they do not say
   */
  add(failure: PathFailure, path: readonly Uint8Array[], reached: boolean, hint = 1): void {
    const score = [Number(reached), hint, failure.depth, ranks.get(failure.code) ?? 0];
    const at = this.#told.findIndex(other => compare(score, other.score) > 0);
    this.#told.splice(at === -1 ? this.#told.length : at, 0, { failure, path, score });
    if (this.#told.length > maxOthers + 1) this.#told.pop();
  }

  best(): Told | undefined {
    return this.#told[0];
  }

  others(): readonly PathFailure[] {
    return this.#told.slice(1).map(({ failure }) => failure);
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
