/**
 * PKCS#11 return codes: their names and what each one asks for. A table of our own, because the binding names
 * only some of them (0x1B comes out of it as CKR_VENDOR_DEFINED).
 */
import { HsmError, type HsmErrorCode } from '../errors.js';

/** What heals a failure. */
export type Remedy =
  /** Nothing: this request fails, the next one may not. */
  | 'none'
  /** Another session. */
  | 'session'
  /** The object looked up again. */
  | 'object'
  /** C_Finalize and C_Initialize: token or module are gone or have forgotten the login. */
  | 'token'
  /** A person: the PIN. Never tried again. */
  | 'pin';

/** PKCS #11 v2.40 base specification section 4.1 and its header, the ones a signer can meet. */
const returnValues: Readonly<Record<number, readonly [name: string, remedy: Remedy]>> = {
  0x01: ['CKR_CANCEL', 'none'],
  0x02: ['CKR_HOST_MEMORY', 'token'],
  0x03: ['CKR_SLOT_ID_INVALID', 'token'],
  0x05: ['CKR_GENERAL_ERROR', 'token'],
  0x06: ['CKR_FUNCTION_FAILED', 'token'],
  0x07: ['CKR_ARGUMENTS_BAD', 'none'],
  0x08: ['CKR_NO_EVENT', 'none'],
  0x09: ['CKR_NEED_TO_CREATE_THREADS', 'none'],
  0x0a: ['CKR_CANT_LOCK', 'none'],
  0x10: ['CKR_ATTRIBUTE_READ_ONLY', 'none'],
  0x11: ['CKR_ATTRIBUTE_SENSITIVE', 'none'],
  0x12: ['CKR_ATTRIBUTE_TYPE_INVALID', 'none'],
  0x13: ['CKR_ATTRIBUTE_VALUE_INVALID', 'none'],
  0x1b: ['CKR_ACTION_PROHIBITED', 'none'],
  0x20: ['CKR_DATA_INVALID', 'none'],
  0x21: ['CKR_DATA_LEN_RANGE', 'none'],
  0x30: ['CKR_DEVICE_ERROR', 'token'],
  0x31: ['CKR_DEVICE_MEMORY', 'none'],
  0x32: ['CKR_DEVICE_REMOVED', 'token'],
  0x40: ['CKR_ENCRYPTED_DATA_INVALID', 'none'],
  0x41: ['CKR_ENCRYPTED_DATA_LEN_RANGE', 'none'],
  0x50: ['CKR_FUNCTION_CANCELED', 'none'],
  0x51: ['CKR_FUNCTION_NOT_PARALLEL', 'none'],
  0x54: ['CKR_FUNCTION_NOT_SUPPORTED', 'none'],
  0x60: ['CKR_KEY_HANDLE_INVALID', 'object'],
  0x62: ['CKR_KEY_SIZE_RANGE', 'none'],
  0x63: ['CKR_KEY_TYPE_INCONSISTENT', 'none'],
  0x64: ['CKR_KEY_NOT_NEEDED', 'none'],
  0x65: ['CKR_KEY_CHANGED', 'object'],
  0x66: ['CKR_KEY_NEEDED', 'none'],
  0x67: ['CKR_KEY_INDIGESTIBLE', 'none'],
  0x68: ['CKR_KEY_FUNCTION_NOT_PERMITTED', 'none'],
  0x69: ['CKR_KEY_NOT_WRAPPABLE', 'none'],
  0x6a: ['CKR_KEY_UNEXTRACTABLE', 'none'],
  0x70: ['CKR_MECHANISM_INVALID', 'none'],
  0x71: ['CKR_MECHANISM_PARAM_INVALID', 'none'],
  0x82: ['CKR_OBJECT_HANDLE_INVALID', 'object'],
  0x90: ['CKR_OPERATION_ACTIVE', 'session'],
  0x91: ['CKR_OPERATION_NOT_INITIALIZED', 'session'],
  0xa0: ['CKR_PIN_INCORRECT', 'pin'],
  0xa1: ['CKR_PIN_INVALID', 'pin'],
  0xa2: ['CKR_PIN_LEN_RANGE', 'pin'],
  0xa3: ['CKR_PIN_EXPIRED', 'pin'],
  0xa4: ['CKR_PIN_LOCKED', 'pin'],
  0xb0: ['CKR_SESSION_CLOSED', 'session'],
  0xb1: ['CKR_SESSION_COUNT', 'none'],
  0xb3: ['CKR_SESSION_HANDLE_INVALID', 'session'],
  0xb4: ['CKR_SESSION_PARALLEL_NOT_SUPPORTED', 'none'],
  0xb5: ['CKR_SESSION_READ_ONLY', 'none'],
  0xb6: ['CKR_SESSION_EXISTS', 'none'],
  0xb7: ['CKR_SESSION_READ_ONLY_EXISTS', 'none'],
  0xb8: ['CKR_SESSION_READ_WRITE_SO_EXISTS', 'none'],
  0xc0: ['CKR_SIGNATURE_INVALID', 'none'],
  0xc1: ['CKR_SIGNATURE_LEN_RANGE', 'none'],
  0xd0: ['CKR_TEMPLATE_INCOMPLETE', 'none'],
  0xd1: ['CKR_TEMPLATE_INCONSISTENT', 'none'],
  0xe0: ['CKR_TOKEN_NOT_PRESENT', 'token'],
  0xe1: ['CKR_TOKEN_NOT_RECOGNIZED', 'token'],
  0xe2: ['CKR_TOKEN_WRITE_PROTECTED', 'none'],
  0x100: ['CKR_USER_ALREADY_LOGGED_IN', 'none'],
  0x101: ['CKR_USER_NOT_LOGGED_IN', 'token'],
  // SoftHSM says so while another process rewrites its token file: gone again a moment later.
  0x102: ['CKR_USER_PIN_NOT_INITIALIZED', 'token'],
  0x103: ['CKR_USER_TYPE_INVALID', 'none'],
  0x104: ['CKR_USER_ANOTHER_ALREADY_LOGGED_IN', 'token'],
  0x105: ['CKR_USER_TOO_MANY_TYPES', 'none'],
  0x120: ['CKR_RANDOM_SEED_NOT_SUPPORTED', 'none'],
  0x121: ['CKR_RANDOM_NO_RNG', 'none'],
  0x130: ['CKR_DOMAIN_PARAMS_INVALID', 'none'],
  0x150: ['CKR_BUFFER_TOO_SMALL', 'none'],
  0x160: ['CKR_SAVED_STATE_INVALID', 'none'],
  0x170: ['CKR_INFORMATION_SENSITIVE', 'none'],
  0x180: ['CKR_STATE_UNSAVEABLE', 'none'],
  0x190: ['CKR_CRYPTOKI_NOT_INITIALIZED', 'token'],
  0x191: ['CKR_CRYPTOKI_ALREADY_INITIALIZED', 'none'],
  0x1a0: ['CKR_MUTEX_BAD', 'token'],
  0x1a1: ['CKR_MUTEX_NOT_LOCKED', 'token'],
  0x200: ['CKR_FUNCTION_REJECTED', 'none']
};

/** What a PKCS#11 call failed with. */
export interface ReturnValue {
  /** `CKR_…`; `CKR_0x…` for a code that stands in no table. */
  readonly name: string;
  readonly remedy: Remedy;
  /** True for a code of the standard: only then is it known what the token did. */
  readonly known: boolean;
}

/** The return value in what a binding call threw; undefined when the error did not come from the module. */
export function returnValueOf(error: unknown): ReturnValue | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'number') return undefined;
  // The binding's own failures (a library that does not load) carry code 0, which is CKR_OK.
  if (error.code === 0) return undefined;
  const row = returnValues[error.code];
  if (row === undefined) return { name: `CKR_0x${error.code.toString(16)}`, remedy: 'none', known: false };
  return { name: row[0], remedy: row[1], known: true };
}

/** The error for the caller of the signer; `what` says which step failed. */
export function asHsmError(code: HsmErrorCode, what: string, error: unknown): HsmError {
  if (error instanceof HsmError) return error;
  const rv = returnValueOf(error)?.name;
  const why = rv ?? (error instanceof Error ? error.message : 'unknown error');
  return new HsmError(code, `${what}: ${why}`, rv === undefined ? { cause: error } : { cause: error, rv });
}
