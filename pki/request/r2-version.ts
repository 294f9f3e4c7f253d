import type { RequestCheck } from './draft.js';

/** R2: version v1, which is the INTEGER 0 (RFC 2986 4.1). */
export const versionCheck: RequestCheck = {
  rule: 'R2',
  kinds: ['device', 'organisation', 'iki-client'],
  check(draft, refusal) {
    const { version } = draft.get('structure');
    if (version !== 0) throw refusal('request/version', `version ${version}`);
  }
};
