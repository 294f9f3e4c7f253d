import type { Command } from 'commander';
import { registerRun } from './run.js';

/** `smki validation`: the validation service, a process of the repository; `smki repository status` shows it. */
export function registerValidation(program: Command): void {
  const validation = program
    .command('validation')
    .description('the validation service: judges certificates and signs receipts');
  registerRun(validation, async () => (await import('../process/validation.js')).runValidation);
}
