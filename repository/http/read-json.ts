import type { z } from 'zod';
import { RepositoryError } from '../errors.js';

/** A body as JSON of a schema. Throws `repository/malformed`, with the field that is wrong. */
export function readJson<T>(schema: z.ZodType<T>, body: Uint8Array): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new RepositoryError('repository/malformed', 'the body is not JSON', {}, { cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') ?? '';
  const wrong = issue?.message ?? 'not what the route takes';
  throw new RepositoryError('repository/malformed', field === '' ? wrong : `${field}: ${wrong}`);
}
