import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

/** The checkout, whose scripts and compiled program these tests run as a user would. */
export const checkout = fileURLToPath(new URL('../..', import.meta.url));
export const program = path.join(checkout, 'dist/ops/smki.js');

export interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly octets: Buffer;
  readonly error: string;
}

export interface CommandOptions {
  readonly input?: string | Uint8Array;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** Runs a program to its end. */
export async function command(
  name: string,
  args: readonly string[],
  options: CommandOptions = {}
): Promise<Ended> {
  const child = spawn(name, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: 60_000,
    ...(options.env === undefined ? {} : { env: { PATH: process.env['PATH'], ...options.env } }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd })
  });
  const out: Buffer[] = [];
  const error: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => out.push(part));
  child.stderr.on('data', (part: Buffer) => error.push(part));
  // A program that does not read its input ends the pipe.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const octets = Buffer.concat(out);
  return { status, octets, out: octets.toString('utf8'), error: Buffer.concat(error).toString('utf8') };
}

/** The same; anything but status 0 fails the test with what the program said. */
export async function succeed(
  name: string,
  args: readonly string[],
  options: CommandOptions = {}
): Promise<Ended> {
  const ended = await command(name, args, options);
  if (ended.status !== 0)
    throw new Error(`${name} ${args.join(' ')}: status ${ended.status}\n${ended.out}${ended.error}`);
  return ended;
}

/** The command line `smki`. */
export function smki(args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  return command(process.execPath, [program, ...args], options);
}

/** `smki … --json` that must succeed, and what it answers. */
export async function smkiJson<T>(args: readonly string[]): Promise<T> {
  const { out } = await succeed(process.execPath, [program, ...args, '--json']);
  return JSON.parse(out) as T;
}
