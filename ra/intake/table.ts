import type { IntakeCheck } from './check.js';
import { actingRole } from './acting-role.js';
import { approval } from './approval.js';
import { authorisation } from './authorisation.js';
import { clientCertificate } from './client-certificate.js';
import { csr } from './csr.js';
import { deviceLimit } from './device-limit.js';
import { earlierCertificate } from './earlier-certificate.js';
import { earlier } from './earlier-request.js';
import { eligibility } from './eligibility.js';
import { identifier } from './identifier.js';
import { keyRegistry } from './key-registry.js';
import { message } from './message.js';
import { rate } from './rate.js';
import { role } from './role.js';

/** In the order of refusal: interface, schema, R1–R8 with R16, R9–R10, R13, R12, R11, R14–R15. */
export const intakeChecks: readonly IntakeCheck[] = [
  clientCertificate,
  authorisation,
  actingRole,
  rate,
  message,
  csr,
  identifier,
  role,
  approval,
  earlier,
  earlierCertificate,
  deviceLimit,
  eligibility,
  keyRegistry
];

/** What another request may take between the checks and the decision. */
export const reservationChecks: readonly IntakeCheck[] = [earlier, keyRegistry];
