import { encodeProfileExtension } from './extensions.js';
import type { Policy } from './policy.js';
import type { Profile } from './profiles.js';

export interface SplitExtensions {
  readonly hasSubjectAltName: boolean;
  /** `[3]` with all extensions, cut where the variable octets go. */
  parts(subjectKeyIdentifier: Uint8Array, subjectAltName: Uint8Array | undefined): Uint8Array[];
}

/** Runs of constant octets, with places for the key identifier and the subjectAltName extension between them. */
export function splitExtensions(
  profile: Profile,
  policy: Policy,
  authorityKeyIdentifier: Uint8Array | undefined
): SplitExtensions {
  const pieces: (Uint8Array | 'key identifier' | 'subjectAltName')[] = [];
  for (const column of profile.extensions) {
    if (column.extension === 'subjectAltName') {
      pieces.push('subjectAltName');
      continue;
    }
    const der = encodeProfileExtension(column, {
      profile,
      policy,
      subjectKeyIdentifier: new Uint8Array(8),
      authorityKeyIdentifier,
      hardwareModule: new Uint8Array()
    });
    if (column.extension === 'subjectKeyIdentifier')
      pieces.push(der.subarray(0, der.length - 8), 'key identifier');
    else pieces.push(der);
  }
  const constant = pieces.reduce((sum, piece) => sum + (typeof piece === 'string' ? 0 : piece.length), 8);
  return {
    hasSubjectAltName: pieces.includes('subjectAltName'),
    parts(subjectKeyIdentifier, subjectAltName) {
      const length = constant + (subjectAltName?.length ?? 0);
      const inner = head(0x30, length);
      const out = [head(0xa3, inner.length + length), inner];
      for (const piece of pieces) {
        if (piece === 'key identifier') out.push(subjectKeyIdentifier);
        else if (piece === 'subjectAltName') out.push(subjectAltName ?? new Uint8Array());
        else out.push(piece);
      }
      return out;
    }
  };
}

/** Identifier and length octets; a certificate's parts are below 64 KiB. */
function head(tag: number, length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(tag, length);
  if (length < 0x100) return Uint8Array.of(tag, 0x81, length);
  return Uint8Array.of(tag, 0x82, length >> 8, length & 0xff);
}

/** The parts as the content of one SEQUENCE. */
export function splice(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  return concat([head(0x30, length), ...parts]);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
