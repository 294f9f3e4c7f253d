import canonicalize from 'canonicalize';
import type { AuditEvent } from '../kit/audit.js';

/**
 * The RFC 8785 form of an event's facts. The general writer takes a call and two scans a string, and an event of a
 * group lists some hundreds: what facts are made of is written here in one pass each, the same octets; whatever else
 * a damaged log may hold goes to the general writer.
 */
export function canonicalFacts(facts: AuditEvent['facts']): string {
  if (Array.isArray(facts)) return canonicalize(facts) ?? '';
  let text = '{';
  for (const key of Object.keys(facts).sort()) {
    const value = canonicalValue(facts[key]);
    if (value !== undefined) text += `${text.length > 1 ? ',' : ''}${canonicalText(key)}:${value}`;
  }
  return `${text}}`;
}

function canonicalValue(value: AuditEvent['facts'][string] | undefined): string | undefined {
  if (typeof value === 'string') return canonicalText(value);
  if (Array.isArray(value) && value.every(element => typeof element === 'string')) {
    const text = JSON.stringify(value);
    // Only a listing that may hold one is looked through for it.
    if (mayHoldLoneSurrogate(text)) value.forEach(refuseLoneSurrogate);
    return text;
  }
  return canonicalize(value);
}

/** Printable ASCII without quote and backslash: what nearly all strings of events are. */
const plain = /^[ !#-[\]-~]*$/;

/** RFC 8785 section 3.2.2.2 is ECMAScript's own form of a string, but for lone surrogates, which it refuses. */
export function canonicalText(value: string): string {
  if (plain.test(value)) return `"${value}"`;
  const text = JSON.stringify(value);
  if (mayHoldLoneSurrogate(text)) refuseLoneSurrogate(value);
  return text;
}

/** JSON.stringify escapes lone surrogates, and nothing else to this. */
function mayHoldLoneSurrogate(text: string): boolean {
  return text.includes('\\ud');
}

function refuseLoneSurrogate(value: string): void {
  if (/\p{Surrogate}/u.test(value)) throw new TypeError('a lone surrogate has no canonical form');
}
