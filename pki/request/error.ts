/** The rules of this folder, by their numbers in the project's list of request checks. */
export type RequestRule = 'R1' | 'R2' | 'R3' | 'R4' | 'R5' | 'R6' | 'R7' | 'R8' | 'R16';

/** Why a request is refused; closed. */
export const requestCodes = {
  'request/text-form': 'not one of the text forms in which the interface takes a request',
  'request/size': 'more octets than a request may have',
  'request/encoding': 'not one PKCS#10 request in DER, whole and alone',
  'request/version': 'the version is not 0',
  'request/public-key': 'not a public key of the kind this certificate has',
  'request/signature-algorithm': 'not signed with the algorithm this certificate has',
  'request/signature': 'the signature value is not one of its algorithm',
  'request/possession': 'the signature does not verify with the key in the request',
  'request/extension-request':
    'not exactly one extensionRequest attribute with one value, or other attributes',
  'request/duplicate-extension': 'an extension is asked for twice',
  'request/key-usage': 'key usage is missing, malformed, or not the one usage allowed',
  'request/basic-constraints': 'a certification authority is asked for',
  'request/extended-key-usage': 'extended key usage is asked for',
  'request/critical-extension': 'an unknown extension is asked for as critical',
  'request/subject': 'the subject is not the one this certificate has',
  'request/subject-alt-name': 'the subject alternative name is not the one this certificate has',
  'request/identifier': 'the entity identifier is not a possible EUI-64 of this kind of entity',
  'request/role': 'the organisational unit is not a Remote Party Role that can be certified',
  'request/common-name': 'a common name is missing or not allowed here',
  'request/weak-key': 'the key is known to be weak'
} as const satisfies Record<string, string>;
export type RequestCode = keyof typeof requestCodes;

/**
 * A request refused. `detail` is made of our own words and numbers, never of the request's text, so that it can go
 * to logs and answers; `cause` holds the reader's error where there is one.
 */
export class RequestRefused extends Error {
  readonly code: RequestCode;
  readonly rule: RequestRule;
  /** The error class of the interfaces (SEC Appendix M). */
  readonly errorClass = 'CSR_ERROR';
  readonly detail: string;

  constructor(rule: RequestRule, code: RequestCode, detail: string, options?: ErrorOptions) {
    super(`${code} (${rule}): ${requestCodes[code]}: ${detail}`, options);
    this.name = 'RequestRefused';
    this.rule = rule;
    this.code = code;
    this.detail = detail;
  }
}
