/**
 * Runs one component on a clock that is ahead by what a file says, so that a night of batches takes an hour:
 *
 *   node component.js COMPONENT CLOCK-FILE CONFIGURATION
 */
import { readFileSync } from 'node:fs';
import { runCa } from '../../process/ca.js';
import { runRa } from '../../process/ra.js';
import { runRepository } from '../../process/repository.js';
import { runValidation } from '../../process/validation.js';

const [component, clockFile, configFile] = process.argv.slice(2);
if (clockFile === undefined || configFile === undefined) throw new RangeError('three arguments belong here');

let aheadMs = 0;
const read = (): void => {
  aheadMs = Number(readFileSync(clockFile, 'utf8'));
};
read();
setInterval(read, 200).unref();
const overrides = { clock: { now: () => new Date(Date.now() + aheadMs) } };

const runs = { ca: runCa, ra: runRa, repository: runRepository, validation: runValidation } as const;
if (component === undefined || !Object.hasOwn(runs, component))
  throw new RangeError(`no component ${component ?? ''}`);
await runs[component as keyof typeof runs](configFile, overrides);
