/**
 * Logging in without ever repeating a refused PIN. A latch file is made before each C_Login and removed when the
 * result is known not to be a refusal of the PIN; while it lies there, nobody logs in. So a process that is killed
 * or restarted, however often, tries a wrong PIN once, and a token that counts to three is not locked. While a login
 * is under way the file names its process: others of the same token wait for it, and for no process that has died.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync
} from 'node:fs';
import { dirname } from 'node:path';
import * as graphene from 'graphene-pk11';
import { HsmError } from '../errors.js';
import { asHsmError, returnValueOf } from './return-value.js';

/** CK_USER_TYPE to log in as. */
export type User = 'user' | 'security-officer';

/** PKCS #11 sets no limit; 256 octets are more than any token takes. */
const maximumPinOctets = 256;

/**
 * Logs the process in to the session's token. Success when it is logged in already.
 *
 * Errors: `hsm/pin-latched` (nothing was tried), `hsm/pin` (the token refused it, or answered what no standard
 * names; the latch stays), the binding's error (another known result).
 */
export function logIn(session: graphene.Session, pinFile: string, latchFile: string): void {
  const pin = readPin(pinFile);
  try {
    setLatch(latchFile);
    const { outcome, error } = attempt(session, pin, 'user');
    if (outcome === 'refused' || outcome === 'unknown') keepLatch(latchFile);
    if (outcome === 'refused') throw new HsmError('hsm/pin', `the token refused the PIN in ${pinFile}`);
    if (outcome === 'unknown') throw asHsmError('hsm/pin', 'the login had no known result', error);
    clearLatch(latchFile);
    if (outcome === 'failed') throw error;
  } finally {
    pin.fill(0);
  }
}

/** Logs in, once, without a latch: for work that a person runs by hand. Errors as `logIn`. */
export function logInOnce(session: graphene.Session, pinFile: string, user: User): void {
  const pin = readPin(pinFile);
  try {
    const { outcome, error } = attempt(session, pin, user);
    if (outcome === 'refused') throw new HsmError('hsm/pin', `the token refused the PIN in ${pinFile}`);
    if (outcome !== 'logged-in') throw error;
  } finally {
    pin.fill(0);
  }
}

interface LoginResult {
  readonly outcome: 'logged-in' | 'refused' | 'unknown' | 'failed';
  readonly error?: unknown;
}

function attempt(session: graphene.Session, pin: Buffer, user: User): LoginResult {
  try {
    session.login(pin.toString('utf8'), user === 'user' ? graphene.UserType.USER : graphene.UserType.SO);
    return { outcome: 'logged-in' };
  } catch (error) {
    const rv = returnValueOf(error);
    if (rv?.name === 'CKR_USER_ALREADY_LOGGED_IN') return { outcome: 'logged-in' };
    if (rv?.remedy === 'pin') return { outcome: 'refused', error };
    return { outcome: rv?.known ? 'failed' : 'unknown', error };
  }
}

/**
 * Reads a PIN file of mode 0600 or stricter; one line end at its end does not count. The caller zeroes the buffer.
 * The binding takes text only, so copies of it live on the heap until they are collected; the process holds no
 * reference to them.
 */
export function readPin(pinFile: string): Buffer {
  let file: number;
  try {
    file = openSync(pinFile, 'r');
  } catch (error) {
    throw new HsmError('hsm/unavailable', `the PIN file ${pinFile} cannot be read`, { cause: error });
  }
  const buffer = Buffer.alloc(maximumPinOctets + 1);
  try {
    if ((fstatSync(file).mode & 0o077) !== 0) {
      throw new HsmError('hsm/unavailable', `the PIN file ${pinFile} is open to others than its owner`);
    }
    let length = readSync(file, buffer, 0, buffer.length, 0);
    if (length > 0 && buffer[length - 1] === 0x0a) length--;
    if (length < 1 || length > maximumPinOctets) {
      throw new HsmError('hsm/unavailable', `the PIN file ${pinFile} does not hold a PIN`);
    }
    const pin = Buffer.alloc(length);
    buffer.copy(pin, 0, 0, length);
    return pin;
  } finally {
    buffer.fill(0);
    closeSync(file);
  }
}

/**
 * Why nobody may log in now; undefined while anybody may. `hsm/unavailable` while another process does, `hsm/pin-latched`
 * while a login whose result is not known, or a refused PIN, waits for a person.
 */
export function latchProblem(latchFile: string): HsmError | undefined {
  let text: string;
  let age: number;
  try {
    age = Date.now() - statSync(latchFile).mtimeMs;
    text = readFileSync(latchFile, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new HsmError('hsm/unavailable', `the login latch ${latchFile} cannot be read`, { cause: error });
  }
  const [, pid, started] = /^login of process (\d+) started (\d+)\n/.exec(text) ?? [];
  // Made a moment ago, its process not yet written down.
  const isNew = text === '' && age >= 0 && age < newLatchMs;
  if (isNew || (started !== undefined && started === startTime(Number(pid))))
    return new HsmError('hsm/unavailable', 'another process is logging in');
  return new HsmError('hsm/pin-latched', `an earlier login had no known result: ${latchFile}`);
}

/** DESIGN: writing one line takes milliseconds; a process that died between the two calls holds others for this long. */
const newLatchMs = 5_000;

/**
 * When a process started, in ticks since boot; undefined where there is none, or none that runs (proc(5): field 22 of
 * stat, counted behind the name). A process id alone may have been given to somebody else since.
 */
function startTime(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
}

/** On stable storage before the PIN is sent: a power cut must not forget an attempt. */
function setLatch(latchFile: string): void {
  let file: number;
  try {
    file = openSync(latchFile, 'wx', 0o600);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw latchProblem(latchFile) ?? new HsmError('hsm/unavailable', 'another process has just logged in');
    }
    throw new HsmError('hsm/unavailable', `the login latch ${latchFile} cannot be made`, { cause: error });
  }
  try {
    try {
      writeSync(
        file,
        `login of process ${process.pid} started ${startTime(process.pid) ?? '-'}\n${forAPerson}`
      );
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    const folder = openSync(dirname(latchFile), 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch (error) {
    // A full disk: no login was tried, and none is. Left behind, the file would call for a person for nothing.
    unlinkSync(latchFile);
    throw new HsmError('hsm/unavailable', `the login latch ${latchFile} cannot be written`, { cause: error });
  }
}

const forAPerson =
  'A login was tried and its result is not known to be good. Check the PIN, then remove this file.\n';

/** The login is over and its latch stays, for a person: its process, which lives on, is no longer waited for. */
function keepLatch(latchFile: string): void {
  const file = openSync(latchFile, 'r+');
  try {
    ftruncateSync(file);
    writeSync(file, forAPerson, 0);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function clearLatch(latchFile: string): void {
  unlinkSync(latchFile);
}
