import type { Lengths } from './length.js';

export interface ReadOptions {
  /** Default `minimal`: DER. */
  readonly lengths?: Lengths;
  /** Refuse inputs over this many octets before looking at them. */
  readonly maxOctets?: number;
}

/** DESIGN limits: the deepest value of a certificate lies 9 levels down; no request or certificate field is 64 KiB. */
export const maxDepth = 24;
export const defaultMaxOctets = 65_536;
