/**
 * `smki verify`: judges certificates and receipts offline, from files. Trusts the anchors and the key that the person
 * at the terminal names, and nothing else it reads. Exit status 0: everything is valid; 1: something is not; 2:
 * something could not be judged.
 */
import type { Command } from 'commander';
import type { Terminal } from '../terminal.js';
import { registerVerifyCertificate } from './certificate.js';
import { registerVerifyReceipt } from './receipt.js';

export function registerVerify(program: Command, terminal: Terminal): void {
  const verify = program
    .command('verify')
    .description('judges certificates and receipts from files, offline');
  registerVerifyCertificate(verify, terminal);
  registerVerifyReceipt(verify, terminal);
}
