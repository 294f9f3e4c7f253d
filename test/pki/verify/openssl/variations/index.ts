/** Every variation, by the subject of its rule. */
import type { Variation } from '../plan.js';
import { authority } from './authority.js';
import { dates } from './dates.js';
import { fields } from './fields.js';
import { graph } from './graph.js';
import { names } from './names.js';
import { policies } from './policies.js';
import { signatures } from './signatures.js';

export const variations: readonly Variation[] = [
  ...dates,
  ...authority,
  ...fields,
  ...names,
  ...policies,
  ...signatures,
  ...graph
];
