/** Why text or octets are not the identifier they should be; closed. */
export type IdentifierErrorCode =
  /** Not 8 octets, or not the text form AA-BB-CC-DD-EE-FF-GG-HH. */
  | 'identifier/eui-form'
  /** All zero, all ones, or the group bit set: no such entity can exist. */
  | 'identifier/eui-value'
  /** Not two hexadecimal digits. */
  | 'identifier/role-form'
  /** Two hexadecimal digits with no role behind them. */
  | 'identifier/role-unknown';

export class IdentifierError extends Error {
  readonly code: IdentifierErrorCode;

  constructor(code: IdentifierErrorCode) {
    super(code);
    this.name = 'IdentifierError';
    this.code = code;
  }
}
