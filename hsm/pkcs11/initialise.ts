/** Makes a token of a given label, once, with PINs that are read from files and never stand in arguments. */
import * as graphene from 'graphene-pk11';
import { HsmError } from '../errors.js';
import { logInOnce, readPin } from './login.js';
import { asHsmError } from './return-value.js';
import { osLockingOk } from './token.js';

export interface InitialiseOptions {
  /** Path of the PKCS#11 module. */
  readonly module: string;
  /** At most 32 octets (PKCS #11 v2.40 section 5.5, C_InitToken). */
  readonly label: string;
  /** Path of a 0600 file with the security officer's PIN. */
  readonly soPinFile: string;
  /** Path of a 0600 file with the user PIN to set. */
  readonly pinFile: string;
}

/**
 * C_InitToken on a slot whose token is not initialised, then C_InitPIN. A token of that label is left as it is,
 * but for a user PIN that an earlier, broken run did not get to. Call it in a process of its own.
 *
 * Errors: `hsm/unavailable` (no free slot, no module, unreadable PIN file), `hsm/pin`, `hsm/request`, `hsm/failed`.
 */
export function initialiseToken(options: InitialiseOptions): { readonly created: boolean } {
  const { label } = options;
  if (!/^[\x21-\x7e]{1,32}$/.test(label)) {
    throw new HsmError('hsm/request', 'a token label is 1 to 32 printable ASCII characters without spaces');
  }
  let module: graphene.Module;
  try {
    module = graphene.Module.load(options.module);
    module.initialize({ flags: osLockingOk });
  } catch (error) {
    throw asHsmError('hsm/unavailable', `module ${options.module}`, error);
  }
  try {
    const existing = findSlot(module, token => token.label === label);
    if (existing !== undefined) {
      const whole = (existing.getToken().flags & graphene.TokenFlag.USER_PIN_INITIALIZED) !== 0;
      if (!whole) setUserPin(existing, options);
      return { created: false };
    }
    const free = findSlot(module, token => (token.flags & graphene.TokenFlag.TOKEN_INITIALIZED) === 0);
    if (free === undefined) throw new HsmError('hsm/unavailable', 'no slot has a token to initialise');
    // Not `free.initToken`: it works on an answer that the binding does not give, and throws after the act.
    withPin(options.soPinFile, pin => free.lib.C_InitToken(free.handle, pin, label));
    setUserPin(free, options);
    return { created: true };
  } catch (error) {
    throw asHsmError('hsm/failed', `token ${label} was not initialised`, error);
  } finally {
    module.finalize();
  }
}

function setUserPin(slot: graphene.Slot, { soPinFile, pinFile }: InitialiseOptions): void {
  const session = slot.open(graphene.SessionFlag.SERIAL_SESSION | graphene.SessionFlag.RW_SESSION);
  logInOnce(session, soPinFile, 'security-officer');
  withPin(pinFile, pin => session.initPin(pin));
  session.logout();
  session.close();
}

function withPin(pinFile: string, use: (pin: string) => void): void {
  const pin = readPin(pinFile);
  try {
    use(pin.toString('utf8'));
  } finally {
    pin.fill(0);
  }
}

function findSlot(
  module: graphene.Module,
  matches: (token: graphene.Token) => boolean
): graphene.Slot | undefined {
  const slots = module.getSlots(true);
  for (let index = 0; index < slots.length; index++) {
    const slot = slots.items(index);
    if (matches(slot.getToken())) return slot;
  }
  return undefined;
}
