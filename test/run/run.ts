/**
 * Runs the suites with Mocha and closes with one line, `N passed, N failed` or `N passed, N failed, N skipped`,
 * the sum of all runs. The status is 0 only where something ran, everything passed and Mocha ended in order.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { databaseSuites } from './suites.js';

const root = path.resolve(fileURLToPath(new URL('../..', import.meta.url)));
const results = path.join(root, '.state', 'test-results');

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

interface Options {
  readonly postgres: 'embedded' | '15' | 'both';
  readonly grep?: string;
  readonly bail?: true;
  readonly failedBefore: number;
}

/** The test files at or below a path given by the caller, relative to the checkout. */
function filesOf(given: string): string[] {
  const bases = [process.env['OPENSMKI_CALLER_DIRECTORY'] ?? process.cwd(), root];
  const found = bases.map(base => path.resolve(base, given)).find(candidate => existsSync(candidate));
  if (found === undefined) throw new Error(`there is no ${given}`);
  const within = path.relative(root, found);
  if (within.startsWith('..') || path.isAbsolute(within))
    throw new Error(`${given} is outside this checkout`);
  if (statSync(found).isFile()) return [within];
  return readdirSync(found, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.test.ts') && !name.includes('node_modules'))
    .map(name => path.join(within, name))
    .sort();
}

function isDatabaseSuite(file: string): boolean {
  return databaseSuites.some(folder => file.startsWith(`${folder}/`) || file === `${folder}.test.ts`);
}

/** One run of Mocha; a run that crashed counts as one failure more. */
async function run(
  name: string,
  files: readonly string[],
  postgres: string,
  options: Options
): Promise<Tally> {
  const output = path.join(results, `${name}.json`);
  rmSync(output, { force: true });
  process.stdout.write(`\n== ${name}: ${files.length} test files ==\n`);
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_ENV: 'test', OPENSMKI_TEST_POSTGRES: postgres };
  // The run says which server it tests; a server of the caller's would take the place of both.
  delete env['OPENSMKI_TEST_DATABASE'];
  const child = spawn(
    process.execPath,
    [
      path.join(root, 'node_modules/mocha/bin/mocha.js'),
      ...['--config', path.join(root, '.mocharc.json')],
      ...(process.stdout.isTTY ? [] : ['--no-color']),
      ...['--reporter', path.join(root, 'test/run/reporter.ts'), '--reporter-option', `output=${output}`],
      ...(options.grep === undefined ? [] : ['--grep', options.grep]),
      ...(options.bail === undefined ? [] : ['--bail']),
      ...['--spec', ...files]
    ],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env
    }
  );
  const ended = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status, signal) => resolve(signal ?? String(status)));
  });
  const tally = read(output);
  // Mocha's own status is the number of failures; anything else is a crash that its report does not tell of.
  if (tally === undefined || (ended !== '0' && tally.failed === 0)) {
    process.stdout.write(`${name}: the run ended with ${ended} and counts as a failure\n`);
    return { passed: tally?.passed ?? 0, failed: (tally?.failed ?? 0) + 1, skipped: tally?.skipped ?? 0 };
  }
  return tally;
}

function read(output: string): Tally | undefined {
  if (!existsSync(output)) return undefined;
  const report = JSON.parse(readFileSync(output, 'utf8')) as {
    stats: { passes: number; failures: number; pending: number };
  };
  return { passed: report.stats.passes, failed: report.stats.failures, skipped: report.stats.pending };
}

async function main(given: readonly string[], options: Options): Promise<void> {
  const files = [...new Set((given.length === 0 ? ['test'] : given).flatMap(filesOf))];
  mkdirSync(results, { recursive: true });
  const total: Tally = { passed: 0, failed: options.failedBefore, skipped: 0 };
  const add = (tally: Tally): void => {
    total.passed += tally.passed;
    total.failed += tally.failed;
    total.skipped += tally.skipped;
  };
  if (options.postgres !== '15' && files.length > 0) {
    add(await run('all-on-embedded-postgresql', files, 'embedded', options));
  }
  const stored = files.filter(isDatabaseSuite);
  if (options.postgres !== 'embedded' && stored.length > 0) {
    add(await run('database-suites-on-postgresql-15', stored, '15', options));
  }
  const ran = total.passed + total.failed + total.skipped - options.failedBefore;
  if (ran === 0) process.stdout.write('no test ran\n');
  const skipped = total.skipped === 0 ? '' : `, ${total.skipped} skipped`;
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed${skipped}\n`);
  process.exitCode = total.failed === 0 && ran > 0 ? 0 : 1;
}

const program = new Command('ops/test')
  .description('Runs the tests; the last line is `N passed, N failed`.')
  .argument('[path...]', 'test files or folders of them (default: all)')
  .addOption(
    new Option('--postgres <which>', 'servers the database suites run on')
      .choices(['embedded', '15', 'both'])
      .default('both')
  )
  .option('--grep <text>', 'only tests whose title contains this')
  .option('--bail', 'stop a run at its first failure')
  .addOption(
    new Option('--failed-before <count>', 'failures of earlier checks, added to the count')
      .argParser(text => {
        if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('a number belongs here');
        return Number(text);
      })
      .default(0)
      .hideHelp()
  )
  .addHelpText('after', '\nExit status: 0 all passed, 1 a failure, a crash, or nothing ran.');

program.parse();
try {
  await main(program.args, program.opts<Options>());
} catch (error) {
  process.stderr.write(`ops/test: ${error instanceof Error ? error.message : String(error)}\n`);
  process.stdout.write('\n0 passed, 1 failed\n');
  process.exitCode = 1;
}
