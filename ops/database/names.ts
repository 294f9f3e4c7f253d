import type { Environment } from '../../pki/messages/index.js';
import { DatabaseError } from './errors.js';

/** The components that own a schema. */
export const databaseComponents = ['ca', 'ra', 'repository'] as const;
export type DatabaseComponent = (typeof databaseComponents)[number];

/** `opensmki_test` or `opensmki_live`, with a suffix where several stand side by side (tests). */
export function databaseName(environment: Environment, suffix?: string): string {
  return identifier(suffix === undefined ? `opensmki_${environment}` : `opensmki_${environment}_${suffix}`);
}

/** The role that may do what the component's migrations granted, and nothing else. */
export function runtimeRole(component: string): string {
  return identifier(`opensmki_${component}`);
}

/** The role that owns the schema and runs the migrations. */
export function ownerRole(component: string): string {
  return identifier(`opensmki_${component}_owner`);
}

/** Passes what needs no quoting in SQL: lower-case letters, digits and underscores, 63 octets at most. */
export function identifier(name: string): string {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name))
    throw new DatabaseError(
      'database/name',
      `${JSON.stringify(name)} may not name a role, schema or database`
    );
  return name;
}
