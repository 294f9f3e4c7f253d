import { InvalidArgumentError } from 'commander';
import {
  IdentifierError,
  parseEui64,
  roleByOu,
  type Eui64,
  type RemotePartyRole
} from '../../pki/identifier/index.js';

/** Readers of arguments for commander: the value, or a refusal with the identifier's code. */

export function euiArgument(text: string): Eui64 {
  return orInvalid(() => parseEui64(text));
}

/** Two hexadecimal digits, as in an OU. */
export function roleArgument(text: string): RemotePartyRole {
  return orInvalid(() => roleByOu(text));
}

/** A dotted OID: first arc 0 to 2, second below 40 where the first is 0 or 1 (X.660). */
export function oidArgument(text: string): string {
  if (!/^(?:[01]\.(?:[0-9]|[1-3][0-9])|2\.(?:0|[1-9][0-9]*))(?:\.(?:0|[1-9][0-9]*))+$/.test(text)) {
    throw new InvalidArgumentError('not an OID in dotted form');
  }
  return text;
}

function orInvalid<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof IdentifierError) throw new InvalidArgumentError(error.code);
    throw error;
  }
}
