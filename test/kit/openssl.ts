import { spawnSync } from 'node:child_process';

/** Runs the OpenSSL command line, the second opinion on what we write. Throws with its complaint when it fails. */
export function openssl(args: readonly string[], input: Uint8Array | string = ''): string {
  const { ok, output } = tryOpenssl(args, input);
  if (!ok) throw new Error(`openssl ${args.join(' ')}: ${output}`);
  return output;
}

/** Exit status and standard output and error together. */
export function tryOpenssl(
  args: readonly string[],
  input: Uint8Array | string = ''
): { ok: boolean; output: string } {
  const result = spawnSync('openssl', args, { input, encoding: 'utf8', timeout: 10_000 });
  return { ok: result.status === 0, output: result.stdout + result.stderr };
}
