import process from 'node:process';
import { CliError } from './exit.js';
import type { Terminal } from './terminal.js';

/** The terminal of this process. A reader that goes away (`smki … | head`) ends the program quietly. */
export function processTerminal(): Terminal {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    out: text => void process.stdout.write(`${text}\n`),
    error: text => void process.stderr.write(`${text}\n`),
    async input(max) {
      const parts: Buffer[] = [];
      let octets = 0;
      for await (const part of process.stdin as AsyncIterable<Buffer>) {
        octets += part.length;
        if (octets > max) throw new CliError('cli/file', `standard input is larger than ${max} octets`);
        parts.push(part);
      }
      return Buffer.concat(parts);
    }
  };
}
