/**
 * Makes a token, in a process of its own: options as JSON on standard input, `{ "created": true|false }` on
 * standard output, or one line on standard error and exit code 1. PINs stand in files, never in arguments.
 */
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { initialiseToken } from '../../hsm/pkcs11/initialise.js';

const optionsSchema = z.strictObject({
  module: z.string().min(1),
  label: z.string().min(1).max(32),
  soPinFile: z.string().min(1),
  pinFile: z.string().min(1)
});

try {
  const result = initialiseToken(optionsSchema.parse(JSON.parse(await text(process.stdin))));
  process.stdout.write(`${JSON.stringify(result)}\n`);
} catch (error) {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'hsm/request';
  process.stderr.write(`${code}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
