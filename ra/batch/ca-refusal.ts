/**
 * What a refusal of the CA means for a request of a batch: `wait`, the CA has it in hand by an older order and will
 * say more; `try-again`, a fault of the CA or of how it and the RA are set up, ordered again up to `caTries` times;
 * `refused`, the request itself, for good. A code that is not here is taken for the request's: doubt is a refusal.
 */
export type CaFate = 'wait' | 'try-again' | 'refused';

const fates: Readonly<Record<string, CaFate>> = {
  'ca/request-in-progress': 'wait',
  'ca/unavailable': 'try-again',
  'ca/attempts': 'try-again',
  'ca/expired': 'try-again',
  'ca/ra-limit': 'try-again',
  'ca/ra-stopped': 'try-again',
  'ca/epoch': 'try-again',
  'ca/environment': 'try-again',
  'ca/order-key': 'try-again',
  'ca/order-signature': 'try-again',
  'ca/order-malformed': 'try-again',
  'ca/policy-version': 'try-again'
};

export function fateOf(code: string): CaFate {
  return Object.hasOwn(fates, code) ? (fates[code] ?? 'refused') : 'refused';
}
