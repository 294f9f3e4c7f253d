import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { writePrivateFile, type DataDirectory } from './data-directory.js';
import { LaunchError } from './error.js';

/** The tokens of an installation: roots are opened by ceremonies only; the last is the validation service's. */
export const tokenPurposes = ['root', 'issuing', 'statements', 'validation'] as const;
export type TokenPurpose = (typeof tokenPurposes)[number];

export interface Token {
  /** `LABEL-root`, `LABEL-issuing`, `LABEL-statements`, `LABEL-validation`. */
  readonly label: string;
  readonly pinFile: string;
  readonly latchFile: string;
}

export interface TokenSet {
  /** Path of the PKCS#11 module. */
  readonly module: string;
  /** SOFTHSM2_CONF of the signer processes, where the module is SoftHSM. */
  readonly softhsmConf: string | undefined;
  readonly tokens: Readonly<Record<TokenPurpose, Token>>;
}

/** Where Debian and others put SoftHSM. */
const softHsmModules = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so'
];

/**
 * Makes the tokens where they are missing, each with a random PIN of its own in `secrets`. A token of that
 * label that is there is used as it is; its PIN must then be in `secrets/LABEL-PURPOSE.pin`.
 */
export async function prepareTokens(options: {
  readonly data: DataDirectory;
  readonly module: string | undefined;
  readonly label: string;
  /** The program that initialises a token in a process of its own: the launcher loads no PKCS#11 module. */
  readonly initialiseCommand: readonly string[];
}): Promise<TokenSet> {
  const module = options.module ?? softHsmModules.find(existsSync);
  if (module === undefined || !existsSync(module)) {
    throw new LaunchError(
      'launch/missing',
      options.module === undefined
        ? 'SoftHSM is not installed: run ops/setup, or install the package softhsm2'
        : `there is no PKCS#11 module at ${options.module}`
    );
  }
  const softhsmConf = module.includes('softhsm') ? softHsmConfiguration(options.data) : undefined;
  const tokens = {} as Record<TokenPurpose, Token>;
  for (const purpose of tokenPurposes) {
    const label = `${options.label}-${purpose}`;
    const pin = options.data.secret(`${label}.pin`, drawPin);
    const soPin = options.data.secret(`${label}.so-pin`, drawPin);
    await initialise(
      options.initialiseCommand,
      { module, label, soPinFile: soPin.file, pinFile: pin.file },
      softhsmConf
    );
    tokens[purpose] = { label, pinFile: pin.file, latchFile: options.data.path('run', `${label}.latch`) };
  }
  return { module, softhsmConf, tokens };
}

/** Sixteen decimal digits: every PKCS#11 module takes them, PIN pads included. */
function drawPin(): string {
  return Array.from({ length: 16 }, () => randomInt(10)).join('');
}

/** An operator's own SOFTHSM2_CONF wins, so that `--pkcs11` with SoftHSM can name tokens that exist. */
function softHsmConfiguration(data: DataDirectory): string {
  const own = process.env['SOFTHSM2_CONF'];
  if (own !== undefined && own !== '') return own;
  const file = data.path('config', 'softhsm2.conf');
  writePrivateFile(
    file,
    `directories.tokendir = ${data.path('tokens')}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n`
  );
  return file;
}

async function initialise(
  command: readonly string[],
  request: { module: string; label: string; soPinFile: string; pinFile: string },
  softhsmConf: string | undefined
): Promise<void> {
  const [program, ...args] = command;
  if (program === undefined) throw new RangeError('no command');
  const child = spawn(program, args, {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], ...(softhsmConf === undefined ? {} : { SOFTHSM2_CONF: softhsmConf }) }
  });
  let complaint = '';
  child.stderr.on('data', (part: Buffer) => {
    complaint += part.toString('utf8');
  });
  const status = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  child.stdin.end(JSON.stringify(request));
  if ((await status) !== 0) {
    throw new LaunchError(
      'launch/step',
      `the token ${request.label} could not be initialised: ${complaint.trim().slice(0, 500)}`
    );
  }
}
