/**
 * The command line `smki`: what people and scripts type. Reads the arguments, loads the part of the program that
 * does the work, and turns its answer into text, JSON and an exit status. It trusts its arguments as far as the
 * user who typed them; whatever it reads from files, standard input or a component is shown with control
 * characters made visible.
 *
 * `runCommandLine` is what `ops/smki.ts` calls.
 */
import { Command, CommanderError } from 'commander';
import { software } from '../software.js';
import { registerAudit } from './audit.js';
import { registerBatch } from './batch.js';
import { registerBench } from './bench.js';
import { registerCa } from './ca.js';
import { registerCertificate } from './certificate.js';
import { registerConfig } from './config.js';
import { registerCsr } from './csr.js';
import { CliError, exitStatus, statusOf, type ExitStatus } from './exit.js';
import { registerLaunch } from './launch.js';
import { registerOpenApi } from './openapi.js';
import { registerPolicy } from './policy.js';
import { registerRa } from './ra.js';
import { registerRepository } from './repository.js';
import { registerSize } from './size.js';
import { registerValidation } from './validation.js';
import { registerVerify } from './verify/index.js';
import { printable, type Terminal } from './terminal.js';

/** Runs one command line (without the program's name) and answers the exit status; throws nothing. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<ExitStatus> {
  try {
    await createProgram(terminal).parseAsync(args, { from: 'user' });
    return exitStatus.ok;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version end so too, with status 0; commander has written the message.
      return error.exitCode === 0 ? exitStatus.ok : exitStatus.usage;
    }
    if (error instanceof CliError) {
      terminal.error(`${error.code}: ${message(error)}`);
      return statusOf[error.code];
    }
    terminal.error(`${codeOf(error)}: ${message(error)}`);
    return exitStatus.refused;
  }
}

/** The whole tree of commands; also read by the test that checks the handbook's command lines. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command('smki')
    .description("OpenSMKI: the public key infrastructure of Great Britain's smart meters")
    .version(software.version)
    .configureOutput({
      writeOut: text => terminal.out(text.replace(/\n$/, '')),
      writeErr: text => terminal.error(text.replace(/\n$/, ''))
    })
    .exitOverride()
    .showHelpAfterError('(add --help for what belongs there)')
    .addHelpText(
      'after',
      '\nExit status: 0 done; 1 refused, not valid or not possible, with a code on standard error;' +
        '\n2 the command line or an input file is wrong, and nothing was done.'
    );
  registerLaunch(program);
  registerCa(program, terminal);
  registerRa(program, terminal);
  registerRepository(program, terminal);
  registerValidation(program);
  registerBatch(program, terminal);
  registerCsr(program, terminal);
  registerCertificate(program, terminal);
  registerVerify(program, terminal);
  registerConfig(program, terminal);
  registerPolicy(program, terminal);
  registerAudit(program, terminal);
  registerOpenApi(program, terminal);
  registerBench(program, terminal);
  registerSize(program, terminal);
  return program;
}

/** The code an error of the program carries, or `smki/failed`. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'smki/failed';
}

/** Lines of the message kept, everything else that a terminal would act on made visible. */
function message(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n').map(printable).join('\n');
}
