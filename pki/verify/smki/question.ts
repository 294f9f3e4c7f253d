import { eui64FromOctets, eui64ToOctets, IdentifierError, parseEui64 } from '../../identifier/index.js';
import type { Environment } from '../../messages/environment.js';
import { defaultPolicy, type Policy, type ProfileName, type ValidityRule } from '../../profile/index.js';
import type { PointVerifier } from '../signature/index.js';
import { profilesFor } from './purposes.js';
import type { SmkiFailure } from './verdict.js';

/** What is asked about a certificate; nothing has a default but what only narrows the answer. */
export interface SmkiQuestion {
  /** The moment of judgement. */
  readonly at: Date;
  /**
   * `none`: not asked. `leaf`: the status of the certificate. `chain`: of it and every authority above it but the
   * anchor. Unknown is a failure.
   */
  readonly revocation: 'none' | 'leaf' | 'chain';
  /**
   * The policy OIDs and figures to judge by. `live` by itself has no OIDs and refuses everything (`input/policy`):
   * who judges live certificates hands in a policy that names them.
   */
  readonly environment: Environment | Policy;
  /** A profile's name or a word of `smkiPurposes`; undefined takes every profile. */
  readonly purpose?: string | undefined;
  /** Remote Party Role (decimal) the subject must have; undefined takes every confirmed one. */
  readonly role?: number | undefined;
  /**
   * Whom the certificate must be of: hwSerialNum of a device, unique identifier of an organisation. 8 octets, their
   * text `AA-BB-CC-DD-EE-FF-GG-HH`, or an unsigned 64-bit number.
   */
  readonly entity?: Uint8Array | string | bigint | undefined;
  /**
   * How the dates of the issuers are judged. undefined: by the rule of the profile. `all-valid-now` may be asked for
   * everywhere; `issuer-valid-when-issued` is for certificates without expiry (devices) alone.
   */
  readonly timeRule?: ValidityRule | undefined;
  /** A faster way to verify the certificate's own signature, with the same answers. */
  readonly verifyPoint?: PointVerifier | undefined;
}

/** A question that was understood. */
export interface ReadQuestion {
  readonly at: Date;
  readonly revocation: 'none' | 'leaf' | 'chain';
  readonly policy: Policy;
  /** undefined: any. */
  readonly profiles: ReadonlySet<ProfileName> | undefined;
  readonly purpose: string | undefined;
  readonly role: number | undefined;
  /** 8 octets. */
  readonly entity: Uint8Array | undefined;
  readonly timeRule: ValidityRule | undefined;
  readonly verifyPoint: PointVerifier | undefined;
}

/** Made once each: what was found of an issuer is kept by the policy it was found under. */
const policies = new Map<Environment, Policy>();

function policyOf(environment: Environment | Policy): Policy {
  if (typeof environment === 'object') return environment;
  if (environment !== 'test' && environment !== 'live') throw new TypeError('environment is test or live');
  let policy = policies.get(environment);
  if (policy === undefined) policies.set(environment, (policy = defaultPolicy(environment)));
  return policy;
}

/** Reads a question. TypeError for values of a wrong type, a failure for wrong values. */
export function readQuestion(question: SmkiQuestion): ReadQuestion | SmkiFailure {
  const { at, revocation, purpose, role, timeRule, verifyPoint } = question;
  if (!(at instanceof Date)) throw new TypeError('at is a Date');
  if (revocation !== 'none' && revocation !== 'leaf' && revocation !== 'chain')
    throw new TypeError('revocation is none, leaf or chain');
  if (timeRule !== undefined && timeRule !== 'all-valid-now' && timeRule !== 'issuer-valid-when-issued')
    throw new TypeError('timeRule is all-valid-now or issuer-valid-when-issued');
  if (role !== undefined && typeof role !== 'number') throw new TypeError('role is a number');
  if (Number.isNaN(at.getTime())) return wrong('input/time', 'the moment of judgement is no date');
  const wanted = purpose === undefined ? undefined : profilesFor(purpose);
  if (purpose !== undefined && wanted === undefined)
    return wrong('input/purpose', 'the purpose is no profile and no word for some');
  const entity = question.entity === undefined ? undefined : readEntity(question.entity);
  if (question.entity !== undefined && entity === undefined)
    return wrong('input/entity', 'the entity asked for is no EUI-64');
  return {
    at: new Date(at.getTime()),
    revocation,
    policy: policyOf(question.environment),
    profiles: wanted,
    purpose,
    role,
    entity,
    timeRule,
    verifyPoint
  };
}

function wrong(code: 'input/time' | 'input/purpose' | 'input/entity', message: string): SmkiFailure {
  return { code, message, depth: 0 };
}

/** undefined for what names no entity: another form, all zeros, all ones, a group. */
function readEntity(entity: Uint8Array | string | bigint): Uint8Array | undefined {
  try {
    if (typeof entity === 'string') return eui64ToOctets(parseEui64(entity));
    if (entity instanceof Uint8Array) return eui64ToOctets(eui64FromOctets(entity));
    if (typeof entity !== 'bigint') throw new TypeError('entity is octets, text or a bigint');
    if (entity !== BigInt.asUintN(64, entity)) return undefined;
    return eui64ToOctets(eui64FromOctets(eui64ToOctets(entity)));
  } catch (error) {
    if (error instanceof IdentifierError) return undefined;
    throw error;
  }
}
