/**
 * A SoftHSM of a test's own: a configuration file and a token folder under the temporary folder, random PINs in
 * 0600 files. Nothing is shared between two of them, and nothing outside the folder is touched.
 */
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where Debian's softhsm2 package puts the module. */
export const softHsmModule = '/usr/lib/softhsm/libsofthsm2.so';

export interface SoftHsmToken {
  readonly label: string;
  /** Path of a 0600 file with the user PIN and nothing else. */
  readonly pinFile: string;
  readonly soPinFile: string;
  /** Path for the login latch of this token; the file is absent at first. */
  readonly latchFile: string;
}

export interface SoftHsm {
  /** Path of the PKCS#11 module. */
  readonly module: string;
  /** Path of the configuration file. */
  readonly conf: string;
  readonly dir: string;
  /** The folder the tokens are in: move it away to take every token out. */
  readonly tokenDir: string;
  /** What a process that loads the module needs in its environment. */
  readonly env: { readonly SOFTHSM2_CONF: string };
  /** Makes and initialises a token. */
  addToken(label: string): SoftHsmToken;
  /** Writes PIN files for a token that is not made yet. */
  pinFiles(label: string): SoftHsmToken;
  dispose(): void;
}

export function createSoftHsm(): SoftHsm {
  const dir = mkdtempSync(join(tmpdir(), 'opensmki-softhsm-'));
  const tokenDir = join(dir, 'tokens');
  mkdirSync(tokenDir, { mode: 0o700 });
  const conf = join(dir, 'softhsm2.conf');
  writeFileSync(conf, `directories.tokendir = ${tokenDir}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  const env = { SOFTHSM2_CONF: conf };

  const pinFiles = (label: string): SoftHsmToken => {
    const token = {
      label,
      pinFile: join(dir, `${label}.pin`),
      soPinFile: join(dir, `${label}.so-pin`),
      latchFile: join(dir, `${label}.latch`)
    };
    writeFileSync(token.pinFile, randomPin(), { mode: 0o600, flag: 'wx' });
    writeFileSync(token.soPinFile, randomPin(), { mode: 0o600, flag: 'wx' });
    return token;
  };

  return {
    module: softHsmModule,
    conf,
    dir,
    tokenDir,
    env,
    pinFiles,
    addToken(label) {
      const pin = randomPin();
      const soPin = randomPin();
      execFileSync(
        'softhsm2-util',
        ['--init-token', '--free', '--label', label, '--pin', pin, '--so-pin', soPin],
        {
          env: { PATH: '/usr/bin:/bin', ...env },
          stdio: ['ignore', 'ignore', 'pipe']
        }
      );
      const token = pinFiles(label);
      writeFileSync(token.pinFile, pin);
      writeFileSync(token.soPinFile, soPin);
      return token;
    },
    dispose() {
      rmSync(dir, { recursive: true, force: true });
    }
  };
}

/** Long enough that it does not turn up by accident in a process's memory maps or logs. */
function randomPin(): string {
  let pin = '';
  while (pin.length < 16) pin += String(randomInt(10));
  return pin;
}
