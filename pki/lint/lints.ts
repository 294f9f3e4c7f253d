import type { Lint } from './lint.js';
import { l01 } from './l01-version.js';
import { l02 } from './l02-serial.js';
import { l03 } from './l03-algorithm.js';
import { l04 } from './l04-public-key.js';
import { l05 } from './l05-subject-key-identifier.js';
import { l06 } from './l06-authority-key-identifier.js';
import { l07 } from './l07-key-usage.js';
import { l08 } from './l08-certificate-policies.js';
import { l09 } from './l09-basic-constraints.js';
import { l10 } from './l10-device.js';
import { l11 } from './l11-subject.js';
import { l12 } from './l12-time-form.js';
import { l13 } from './l13-extensions.js';
import { l14 } from './l14-der.js';
import { l15 } from './l15-size.js';
import { l16 } from './l16-issuer.js';
import { l17 } from './l17-validity.js';
import { l18 } from './l18-decimal-role.js';
import { l19 } from './l19-rdn.js';

/** All rules, in the order they are asked. */
export const lints: readonly Lint[] = [
  l01,
  l02,
  l03,
  l04,
  l05,
  l06,
  l07,
  l08,
  l09,
  l10,
  l11,
  l12,
  l13,
  l14,
  l15,
  l16,
  l17,
  l18,
  l19
];
