import { readFileSync } from 'node:fs';
import type { Policy } from '../../pki/index.js';
import { requestPolicy, type RequestPolicy } from '../../pki/request/index.js';
import { ConfigError } from '../config/index.js';

/** The figures of the request checks, with the operator's list of keys that must never be certified. */
export function requestPolicyOf(policy: Policy, knownBadKeysFile: string | undefined): RequestPolicy {
  return requestPolicy(
    policy,
    knownBadKeysFile === undefined ? new Set() : readKnownBadKeys(knownBadKeysFile)
  );
}

/** A line that is no hash would silently protect nobody: the file is refused whole. */
function readKnownBadKeys(file: string): Set<string> {
  const keys = new Set<string>();
  for (const [at, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    const text = line.trim().toLowerCase();
    if (text === '' || text.startsWith('#')) continue;
    if (!/^[0-9a-f]{64}$/.test(text)) {
      throw new ConfigError('config/invalid', file, [
        { path: `line ${at + 1}`, message: 'is not a SHA-256 in 64 hexadecimal digits' }
      ]);
    }
    keys.add(text);
  }
  return keys;
}
