/**
 * Logging in without ever repeating a refused PIN. A latch file is made before each C_Login and removed when the
 * result is known not to be a refusal of the PIN; while it lies there, nobody logs in. So a process that is killed
 * or restarted, however often, tries a wrong PIN once, and a token that counts to three is not locked.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
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

/** True while a login whose result is not known, or a refused PIN, waits for a person. */
export function isLatched(latchFile: string): boolean {
  return existsSync(latchFile);
}

/** On stable storage before the PIN is sent: a power cut must not forget an attempt. */
function setLatch(latchFile: string): void {
  let file: number;
  try {
    file = openSync(latchFile, 'wx', 0o600);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw new HsmError('hsm/pin-latched', `an earlier login had no known result: see ${latchFile}`);
    }
    throw new HsmError('hsm/unavailable', `the login latch ${latchFile} cannot be made`, { cause: error });
  }
  try {
    try {
      writeSync(
        file,
        'A login was tried and its result is not known to be good. Check the PIN, then remove this file.\n'
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

function clearLatch(latchFile: string): void {
  unlinkSync(latchFile);
}
