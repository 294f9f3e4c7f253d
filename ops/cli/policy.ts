import { Option, type Command } from 'commander';
import { defaultPolicy, policyEntries, type Policy, type PolicyEntry } from '../../pki/profile/index.js';
import { environments, type Environment } from '../../pki/messages/index.js';
import { formatJson, formatTable, type Terminal } from './terminal.js';

interface ShowOptions {
  readonly environment: Environment;
  readonly config?: string;
  readonly unverified?: true;
  readonly json?: true;
}

/** `smki policy`: the figures of the Smart Energy Code that the program works with, and where each comes from. */
export function registerPolicy(program: Command, terminal: Terminal): void {
  program
    .command('policy')
    .description('the policy figures: values, sources, what was never read in the primary text')
    .command('show')
    .description('prints every policy figure; those not read in the primary text are marked "unverified"')
    .addOption(new Option('--environment <name>', 'environment').choices(environments).default('test'))
    .option(
      '--config <file>',
      "a process's configuration: its environment, with its own values and acceptances"
    )
    .option('--unverified', 'only the unverified figures')
    .option('--json', 'as JSON')
    .action(async (options: ShowOptions) => {
      const policy =
        options.config === undefined ? defaultPolicy(options.environment) : await configured(options.config);
      const entries = policyEntries(policy).filter(entry => !entry.verified || !options.unverified);
      if (options.json) {
        terminal.out(formatJson({ environment: policy.environment, version: policy.version, entries }));
        return;
      }
      terminal.out(formatPolicy(entries));
      const unverified = entries.filter(entry => !entry.verified).length;
      terminal.out(
        `\n${entries.length} figures, ${unverified} unverified; policy version ${policy.version.slice(0, 16)}`
      );
    });
}

async function configured(file: string): Promise<Policy> {
  const { readConfig } = await import('./config.js');
  const { loadAnyConfig } = await import('../config/index.js');
  return readConfig(() => loadAnyConfig(file)).policy;
}

/** The table of figures for a person. */
export function formatPolicy(entries: readonly PolicyEntry[]): string {
  return formatTable(
    ['figure', 'value', 'unit', 'standing', 'source'],
    entries.map(entry => [entry.name, formatValue(entry.value), entry.unit, standing(entry), entry.source])
  );
}

function formatValue(value: PolicyEntry['value']): string {
  if (Array.isArray(value)) return value.length === 0 ? '(none)' : value.join(' ');
  return String(value);
}

function standing(entry: PolicyEntry): string {
  if (entry.acceptance !== undefined) return `accepted by ${entry.acceptance.by}, ${entry.acceptance.on}`;
  return entry.verified ? 'verified' : 'unverified';
}
