import type { Command } from 'commander';
import { registerOfficersBatches } from './ra-batch.js';
import { registerParties } from './ra-party.js';
import { registerSystems } from './ra-system.js';
import { registerRun } from './run.js';
import { registerStatus } from './status.js';
import type { Terminal } from './terminal.js';

/** `smki ra`: the process, and what an operator registers and decides in a running RA. */
export function registerRa(program: Command, terminal: Terminal): void {
  const ra = program.command('ra').description('the registration authority');
  registerRun(ra, async () => (await import('../process/ra.js')).runRa);
  registerStatus(ra, terminal);
  registerParties(ra, terminal);
  registerSystems(ra, terminal);
  registerOfficersBatches(ra, terminal);
}
