import process from 'node:process';
import { CliError } from './exit.js';
import { printable, type Terminal } from './terminal.js';

/** Carriage return, erase to the end of the line (ECMA-48 8.3.41). */
const eraseLine = '\r\u001b[K';

/** The terminal of this process. A reader that goes away (`smki … | head`) ends the program quietly. */
export function processTerminal(): Terminal {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  let line = '';
  const around = (write: () => void): void => {
    if (line !== '') process.stderr.write(eraseLine);
    write();
    if (line !== '') process.stderr.write(line);
  };
  return {
    out: text => around(() => void process.stdout.write(`${text}\n`)),
    error: text => around(() => void process.stderr.write(`${text}\n`)),
    ...(process.stderr.isTTY
      ? {
          status: (text: string | undefined) => {
            if (line !== '') process.stderr.write(eraseLine);
            // A line that wraps could not be taken back.
            line = printable(text ?? '').slice(0, Math.max(0, process.stderr.columns - 1));
            process.stderr.write(line);
          }
        }
      : {}),
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
