import { createHash } from 'node:crypto';
import type { Domain, Environment } from '../messages/environment.js';
import { maxCsrOctets } from '../messages/order.js';
import { ProfileError } from './errors.js';
import { figureRows, type FigureName, type FigureValue } from './figures.js';

/** One figure in force. */
export interface Figure<T> {
  readonly value: T;
  /** Where the figure was read, or why it was chosen. */
  readonly source: string;
  /** False until it has been read in a primary text, or accepted by name. */
  readonly verified: boolean;
  /** Set where somebody has accepted the figure for this installation. */
  readonly acceptance?: Acceptance;
}

/** Who took responsibility for a figure, when, and where that is written down. */
export interface Acceptance {
  readonly by: string;
  /** Calendar date, `YYYY-MM-DD`. */
  readonly on: string;
  /** The document or minute that holds the decision. */
  readonly reference: string;
}

export type Figures = { readonly [K in FigureName]: Figure<FigureValue<K>> };

/** The issuance policy of one environment, frozen. */
export interface Policy {
  readonly environment: Environment;
  readonly figures: Figures;
  /**
   * SHA-256 over the canonical environment and values, 64 lower-case hexadecimal digits: stamped in orders, so
   * that RA and CA know they decide alike. Sources and acceptances do not enter.
   */
  readonly version: string;
}

/** What configuration may say of one figure. The source is kept; `acceptance` makes the figure verified. */
export interface FigureOverride<T = unknown> {
  readonly value?: T;
  readonly acceptance?: Acceptance;
}

export type PolicyOverrides = { readonly [K in FigureName]?: FigureOverride<FigureValue<K>> };

/** A row of `smki policy show`. */
export interface PolicyEntry {
  readonly name: FigureName;
  readonly value: string | number | boolean | readonly string[];
  readonly unit: string;
  readonly source: string;
  readonly verified: boolean;
  readonly acceptance?: Acceptance;
}

/** The policy of an environment before any configuration. */
export function defaultPolicy(environment: Environment): Policy {
  return policyWith(environment, {});
}

/**
 * The policy with configuration applied. Overrides may come from outside: names outside the table, values of
 * another type and incomplete acceptances are refused (`policy/unknown-name`, `policy/value`,
 * `policy/acceptance`).
 */
export function policyWith(
  environment: Environment,
  overrides: PolicyOverrides | Readonly<Record<string, unknown>>
): Policy {
  for (const name of Object.keys(overrides))
    if (!isFigureName(name)) throw new ProfileError('policy/unknown-name', name, 'no such policy figure');

  const figures: Record<string, Figure<unknown>> = {};
  for (const name of figureNames) {
    const row = figureRows[name];
    const initial = typeof row.value === 'function' ? row.value(environment) : row.value;
    const override = readOverride(name, overrides[name]);
    const value = override.value ?? initial;
    assertLike(name, value, initial);
    figures[name] = Object.freeze({
      value: Array.isArray(value) ? Object.freeze([...(value as string[])]) : value,
      source: row.source,
      verified: row.verified || override.acceptance !== undefined,
      ...(override.acceptance && { acceptance: Object.freeze(override.acceptance) })
    });
  }
  const canonical = JSON.stringify([environment, ...figureNames.map(name => [name, figures[name]?.value])]);
  return Object.freeze({
    environment,
    figures: Object.freeze(figures) as Figures,
    version: createHash('sha256').update(canonical).digest('hex')
  });
}

/** Every figure in force, in the order of the table. */
export function policyEntries(policy: Policy): PolicyEntry[] {
  return figureNames.map(name => ({ name, unit: figureRows[name].unit, ...policy.figures[name] }));
}

/**
 * The accepted policy OIDs of a domain. Live has none by default, and nothing is issued or accepted without:
 * `policy/no-oid`.
 */
export function policyOids(policy: Policy, domain: Domain): readonly [string, ...string[]] {
  const name = `oid.${domain}` as const;
  const { value } = policy.figures[name];
  if (!isFilled(value))
    throw new ProfileError('policy/no-oid', name, `the ${policy.environment} environment has no policy OID`);
  return value;
}

function isFilled(list: readonly string[]): list is readonly [string, ...string[]] {
  return list.length > 0;
}

const figureNames = (Object.keys(figureRows) as FigureName[]).sort();

function isFigureName(name: string): name is FigureName {
  return Object.hasOwn(figureRows, name);
}

function readOverride(name: string, override: unknown): FigureOverride {
  if (override === undefined) return {};
  if (typeof override !== 'object' || override === null || Array.isArray(override))
    throw new ProfileError('policy/value', name, 'an override is an object with value or acceptance');
  for (const key of Object.keys(override))
    if (key !== 'value' && key !== 'acceptance')
      throw new ProfileError('policy/unknown-name', `${name}.${key}`, 'not part of an override');
  const { value, acceptance } = override as FigureOverride;
  if (acceptance === undefined) return { value };
  return { value, acceptance: readAcceptance(name, acceptance) };
}

function readAcceptance(name: string, acceptance: unknown): Acceptance {
  const { by, on, reference } = (acceptance ?? {}) as Partial<Record<keyof Acceptance, unknown>>;
  if (!filled(by) || !filled(on) || !filled(reference) || !isCalendarDate(on))
    throw new ProfileError(
      'policy/acceptance',
      name,
      'an acceptance names by, on (YYYY-MM-DD) and reference'
    );
  return { by, on, reference };
}

function filled(text: unknown): text is string {
  return typeof text === 'string' && text.trim() !== '';
}

function isCalendarDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** A value must have the type of the table's own; numbers are finite and not negative. */
function assertLike(name: FigureName, value: unknown, initial: unknown): void {
  const isList = Array.isArray(initial);
  const fits = isList
    ? Array.isArray(value) && value.every(filled)
    : typeof value === typeof initial &&
      (typeof value !== 'number' || (Number.isFinite(value) && value >= 0));
  if (!fits)
    throw new ProfileError('policy/value', name, `not a ${isList ? 'list of texts' : typeof initial}`);
  if (name.startsWith('lifetime.') && !(Number.isInteger(value) && (value as number) > 0))
    throw new ProfileError('policy/value', name, 'not a whole number of years');
  // A larger request would pass the checks and then find no room in an order.
  if (name === 'request.max-octets' && (value as number) > maxCsrOctets)
    throw new ProfileError(
      'policy/value',
      name,
      `more than the ${maxCsrOctets} octets an order has room for`
    );
  const oid = /^[0-2](\.(0|[1-9]\d*))+$/;
  if (name.startsWith('oid.') && !(value as string[]).every(entry => oid.test(entry)))
    throw new ProfileError('policy/value', name, 'not a list of OIDs');
}
