import type { Migration } from '../../ops/kit/deps.js';
import { registration } from './0001-registration.js';
import { issuance } from './0002-issuance.js';
import { batches } from './0003-batches.js';
import { groups } from './0004-groups.js';

/** The schema `ra`, run by its owner role; the runtime role receives what the migrations grant. */
export const migrations: readonly Migration[] = [
  { name: '0001-registration', up: registration },
  { name: '0002-issuance', up: issuance },
  { name: '0003-batches', up: batches },
  { name: '0004-groups', up: groups }
];
