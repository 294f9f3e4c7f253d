import { Option, type Command } from 'commander';
import { policyEntries } from '../../pki/profile/index.js';
import {
  ConfigError,
  checkLive,
  componentNames,
  liveRules,
  loadAnyConfig,
  loadConfig,
  type AnyConfig,
  type ComponentName,
  type LiveFinding
} from '../config/index.js';
import { CliError } from './exit.js';
import { formatPolicy } from './policy.js';
import { formatJson, formatTable, printable, type Terminal } from './terminal.js';

interface CheckOptions {
  readonly component?: ComponentName;
  readonly asLive?: true;
  readonly json?: true;
}

/** `smki config check`: what a process would say to its configuration, without starting it. */
export function registerConfig(program: Command, terminal: Terminal): void {
  program
    .command('config')
    .description('configuration files')
    .command('check')
    .description('checks the files of one installation, names unverified policy values and what live refuses')
    .argument('<file...>', 'configuration files, checked together')
    .addOption(new Option('--component <name>', 'refuses files of another component').choices(componentNames))
    .option('--as-live', 'judges files of the test environment as if they were of live')
    .option('--json', 'as JSON')
    .action((files: readonly string[], options: CheckOptions) => {
      const configs = files.map(file => read(file, options.component));
      const refused = options.asLive ? wouldRefuse(configs) : checkLive(configs);
      terminal.out(options.json ? formatJson(describe(configs, refused)) : format(configs, refused));
      if (refused.length > 0) {
        throw new CliError(
          'cli/configuration',
          `live refuses this configuration: ${refused.length} findings`
        );
      }
    });
}

/** A configuration file; one that is not there is the caller's mistake, one that is wrong is an answer. */
export function readConfig<T>(load: () => T): T {
  try {
    return load();
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    const code = cause.code === 'config/unreadable' ? 'cli/file' : 'cli/configuration';
    throw new CliError(code, `${cause.code}: ${cause.message}`, { cause });
  }
}

function read(file: string, component: ComponentName | undefined): AnyConfig {
  return readConfig(() =>
    component === undefined ? loadAnyConfig(file) : (loadConfig(file, component) as AnyConfig)
  );
}

/** Every rule of live, whatever the environment of the files. */
function wouldRefuse(configs: readonly AnyConfig[]): LiveFinding[] {
  return configs.flatMap(config =>
    liveRules.flatMap(rule =>
      rule.find(config, configs, {}).map(detail => ({ code: rule.code, instance: config.instance, detail }))
    )
  );
}

function describe(configs: readonly AnyConfig[], refused: readonly LiveFinding[]): unknown {
  return configs.map(config => ({
    component: config.component,
    instance: config.instance,
    environment: config.environment,
    policyVersion: config.policy.version,
    unverified: policyEntries(config.policy).filter(entry => !entry.verified),
    liveRefuses: refused.filter(finding => finding.instance === config.instance)
  }));
}

function format(configs: readonly AnyConfig[], refused: readonly LiveFinding[]): string {
  const parts = configs.map(config => {
    const unverified = policyEntries(config.policy).filter(entry => !entry.verified);
    return [
      `${config.instance}: a configuration of ${config.component}, ${config.environment}: valid`,
      unverified.length === 0 ? 'no unverified policy values' : formatPolicy(unverified)
    ].join('\n');
  });
  if (refused.length > 0) {
    const rows = refused.map(({ code, instance, detail }) => [code, instance, printable(detail)]);
    parts.push(`live refuses:\n${formatTable(['rule', 'process', 'what'], rows)}`);
  }
  return parts.join('\n\n');
}
