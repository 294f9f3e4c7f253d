import type { ExplainedResult } from './verdict.js';

/** A value that `JSON.stringify` writes and `JSON.parse` reads again unchanged. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** Octets in JSON: standard Base64 with padding (RFC 4648 section 4). */
export interface JsonOctets {
  readonly [name: string]: Json;
  readonly base64: string;
}

/**
 * A result as JSON, under the names it has: octets as `{ "base64": … }`, moments as ISO 8601 text in UTC, what is
 * absent left out. Everything else is text, numbers and truth values already.
 */
export function verdictJson(result: ExplainedResult): Json {
  return jsonOf(result);
}

function jsonOf(value: unknown): Json {
  if (value instanceof Uint8Array) return octetsJson(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .map(([name, member]) => [name, jsonOf(member)])
    );
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return value;
  throw new TypeError('not part of a result');
}

function octetsJson(octets: Uint8Array): JsonOctets {
  return { base64: Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64') };
}
