/**
 * Runs one component for `startTestSystem`: the production entry with the stage hook of a control folder.
 *
 *   node component-process.js COMPONENT CONTROL-FOLDER CONFIGURATION
 */
import process from 'node:process';
import { stageOf } from './stage-control.js';

const [component, folder, configFile] = process.argv.slice(2);
if (folder === undefined || configFile === undefined) throw new RangeError('three arguments belong here');
const overrides = { stage: stageOf(folder) };

// The launcher is the test: when it is gone, however it went, nothing of it may stay.
const launcher = process.ppid;
setInterval(() => {
  if (process.ppid !== launcher) process.exit(3);
}, 500).unref();

switch (component) {
  case 'ca':
    await (await import('../../ops/process/ca.js')).runCa(configFile, overrides);
    break;
  case 'ra':
    await (await import('../../ops/process/ra.js')).runRa(configFile, overrides);
    break;
  case 'repository':
    await (await import('../../ops/process/repository.js')).runRepository(configFile, overrides);
    break;
  case 'validation':
    await (await import('../../ops/process/validation.js')).runValidation(configFile, overrides);
    break;
  default:
    throw new RangeError(`no component ${component ?? ''}`);
}
