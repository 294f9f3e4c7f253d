import { open, readFile } from 'node:fs/promises';
import { CliError } from './exit.js';
import type { Terminal } from './terminal.js';

/** A certificate or request is a few hundred octets, a revocation list or a chain in PEM some more. */
const maxInputOctets = 1024 * 1024;

/** A file named on the command line, or standard input where it is `-`; refused over 1 MiB. */
export async function readInput(name: string, terminal: Terminal): Promise<Uint8Array> {
  if (name === '-') return await terminal.input(maxInputOctets);
  const content = await readOctets(name);
  if (content.length > maxInputOctets) throw new CliError('cli/file', `${name} is larger than 1 MiB`);
  return content;
}

export async function readTextFile(name: string): Promise<string> {
  return Buffer.from(await readOctets(name)).toString('utf8');
}

async function readOctets(name: string): Promise<Uint8Array> {
  try {
    return await readFile(name);
  } catch (cause) {
    throw new CliError('cli/file', `${name} cannot be read: ${reason(cause)}`, { cause });
  }
}

/** Writes a new file; one that is there is never overwritten. Mode 0600 for secrets, 0644 for the rest. */
export async function writeNewFile(name: string, content: Uint8Array | string, mode: number): Promise<void> {
  try {
    const file = await open(name, 'wx', mode);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new CliError('cli/file', `${name} cannot be written: ${reason(cause)}`, { cause });
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}
