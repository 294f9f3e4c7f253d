import { readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { z } from 'zod';
import { policyWith, ProfileError, type Policy } from '../../pki/profile/index.js';
import { ConfigError, type ConfigIssue } from './errors.js';
import { componentNames, schemas, type ComponentName, type ValidConfig } from './schemas.js';

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** What passed: validated, paths absolute, the policy computed, frozen to the bottom. */
export type PassedConfig<C extends ComponentName> = DeepReadonly<Omit<ValidConfig<C>, 'policy'>> & {
  readonly policy: Policy;
};

export type AnyConfig = { [C in ComponentName]: PassedConfig<C> }[ComponentName];

/** Reads the configuration file of one component. Throws `ConfigError`, all that is wrong in one. */
export function loadConfig<C extends ComponentName>(file: string, component: C): PassedConfig<C> {
  const value = readJson(file);
  const named = componentOf(value);
  if (named !== undefined && named !== component)
    throw new ConfigError('config/component', file, [
      { path: 'component', message: `this is a configuration of ${named}, not of ${component}` }
    ]);
  return validate(file, value, component);
}

/** The same for whatever component the file names: `smki config check`. */
export function loadAnyConfig(file: string): AnyConfig {
  const value = readJson(file);
  const component = componentOf(value);
  if (component === undefined)
    throw new ConfigError('config/component', file, [
      { path: 'component', message: `must be one of ${componentNames.join(', ')}` }
    ]);
  return validate(file, value, component) as AnyConfig;
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError('config/unreadable', file, [{ path: '', message: 'cannot be read' }], { cause });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new ConfigError('config/json', file, [{ path: '', message: 'is not JSON' }], { cause });
  }
}

function componentOf(value: unknown): ComponentName | undefined {
  if (typeof value !== 'object' || value === null || !('component' in value)) return undefined;
  return componentNames.find(name => name === value.component);
}

function validate<C extends ComponentName>(file: string, value: unknown, component: C): PassedConfig<C> {
  const schema = schemas[component];
  const result = schema.safeParse(value);
  if (!result.success)
    throw new ConfigError(
      'config/invalid',
      file,
      result.error.issues.map(issue => ({ path: issue.path.join('.'), message: issue.message }))
    );
  const exposed: ConfigIssue[] = [];
  const resolved = resolvePaths(schema, result.data, dirname(resolve(file)), [], exposed) as ValidConfig<C>;
  if (exposed.length > 0) throw new ConfigError('config/secret-mode', file, exposed);
  return deepFreeze({ ...resolved, policy: policyOf(file, result.data) }) as unknown as PassedConfig<C>;
}

function policyOf(file: string, config: ValidConfig<ComponentName>): Policy {
  try {
    return policyWith(config.environment, config.policy);
  } catch (cause) {
    if (!(cause instanceof ProfileError)) throw cause;
    throw new ConfigError('config/policy', file, [{ path: 'policy', message: cause.message }], { cause });
  }
}

/** Walks value and schema together; what the schema marks as a path becomes absolute. */
function resolvePaths(
  schema: z.ZodType,
  value: unknown,
  base: string,
  at: readonly string[],
  exposed: ConfigIssue[]
): unknown {
  const marked = markOf(schema);
  if (typeof value === 'string' && marked.path === true) {
    const absolute = isAbsolute(value) ? value : resolve(base, value);
    if (marked.secret === true && readableByOthers(absolute))
      exposed.push({ path: at.join('.'), message: `${absolute} may be read by others: chmod 600` });
    return absolute;
  }
  const inner = unwrap(schema);
  if (Array.isArray(value) && 'element' in inner)
    return value.map((entry, index) =>
      resolvePaths(inner.element as z.ZodType, entry, base, [...at, String(index)], exposed)
    );
  if (typeof value !== 'object' || value === null || !('shape' in inner)) return value;
  const shape = inner.shape as Record<string, z.ZodType>;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => {
      const field = shape[key];
      return [key, field === undefined ? entry : resolvePaths(field, entry, base, [...at, key], exposed)];
    })
  );
}

function markOf(schema: z.ZodType): { path?: boolean; secret?: boolean } {
  return (schema.meta() ?? unwrap(schema).meta() ?? {}) as { path?: boolean; secret?: boolean };
}

/** Without `optional` and `default` around it. */
function unwrap(schema: z.ZodType): z.ZodType {
  let inner = schema;
  while ('innerType' in inner.def) inner = inner.def.innerType as z.ZodType;
  return inner;
}

/** A file that is not there yet is the business of who opens it. */
function readableByOthers(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && (found.mode & 0o077) !== 0;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
