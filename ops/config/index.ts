/**
 * Configuration: one JSON file a process, read once, refused whole when anything in it is unknown or wrong, then
 * frozen. Secrets stand in files of their own that only their owner may read. What the live environment refuses
 * is one table.
 */
export { ConfigError, type ConfigErrorCode, type ConfigIssue } from './errors.js';
export { loadAnyConfig, loadConfig, type AnyConfig, type PassedConfig } from './load.js';
export { checkLive, liveRules, type LiveCode, type LiveFinding, type RunningFacts } from './live.js';
export { componentNames, schemaOwner, type ComponentName, type ReadConfig } from './schemas.js';
