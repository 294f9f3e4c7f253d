import type { z } from 'zod';
import { Refusal } from '../refusal.js';

/** DESIGN: a CSR of 4 KiB in Base64 with armour is under 6 KiB. */
export const maxJsonOctets = 65_536;

/** Reads a JSON body by its schema: `message/unreadable` for bytes that are no JSON, else `message/schema`. */
export function parseJson<S extends z.ZodType>(schema: S, body: Uint8Array): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
  } catch (cause) {
    throw new Refusal('message/unreadable', 'not JSON in UTF-8', { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  // Paths and kinds of fault only: a message may quote what it found.
  const where = parsed.error.issues
    .slice(0, 5)
    .map(issue => `${issue.path.join('.') || 'body'}: ${issue.code}`);
  throw new Refusal('message/schema', where.join('; '));
}
