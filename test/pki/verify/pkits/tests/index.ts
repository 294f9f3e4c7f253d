/** All tests of the suite, in the order of its document. */
import { basics } from './basics.js';
import { nameConstraints } from './name-constraints.js';
import type { PkitsTest } from './pkits-test.js';
import { policies } from './policies.js';
import { revocation } from './revocation.js';

export const pkitsTests: readonly PkitsTest[] = [...basics, ...policies, ...nameConstraints, ...revocation];
