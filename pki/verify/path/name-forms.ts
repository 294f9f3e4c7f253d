import type { GeneralName } from './general-name.js';

const label = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?$/;
const wildcardLabel = /^[A-Za-z0-9_-]*\*[A-Za-z0-9_-]*$/;

/**
 * Whether text is a DNS name in the preferred syntax (RFC 1034 3.5, RFC 1123 2.1) with the underscore that is in use.
 *
 * @param form `wildcard`: the first label may hold one `*`
 */
export function isDnsName(text: string, form: 'exact' | 'wildcard'): boolean {
  if (text.length === 0 || text.length > 253) return false;
  return text.split('.').every((part, i) => {
    if (part.length === 0 || part.length > 63) return false;
    if (label.test(part)) return true;
    return form === 'wildcard' && i === 0 && wildcardLabel.test(part);
  });
}

/** A name whose last label is a number is an address, or meant to be read as one (WHATWG URL, RFC 3986 3.2.2). */
export function isHostName(text: string): boolean {
  return (
    isDnsName(text, 'exact') && !/^(?:[0-9]+|0[xX][0-9a-fA-F]*)$/.test(text.slice(text.lastIndexOf('.') + 1))
  );
}

export interface Mailbox {
  readonly local: string;
  /** Lower case. */
  readonly host: string;
}

/** `local@host` with a local part of RFC 5321 atoms; undefined for anything else, quoted local parts included. */
export function mailboxOf(text: string): Mailbox | undefined {
  const at = text.indexOf('@');
  if (at <= 0 || at !== text.lastIndexOf('@')) return undefined;
  const local = text.slice(0, at);
  const host = text.slice(at + 1);
  const atoms = /^[\p{L}\p{N}!#$%&'*+\-/=?^_`{|}~]+(?:\.[\p{L}\p{N}!#$%&'*+\-/=?^_`{|}~]+)*$/u;
  return atoms.test(local) && isHostName(host) ? { local, host: host.toLowerCase() } : undefined;
}

/** The host of an absolute URI with an authority (RFC 3986 3.2), lower case; undefined when there is none or an address. */
export function uriHostOf(text: string): string | undefined {
  const match = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)(?:[/?#]|$)/.exec(text);
  if (match === null || /[\s\\]/.test(text)) return undefined;
  const authority = match[1] ?? '';
  const host = /^(?:[^@]*@)?([^@:]*)(?::[0-9]*)?$/.exec(authority)?.[1] ?? '';
  return isHostName(host) ? host.toLowerCase() : undefined;
}

/** A mask of ones, then zeros. */
export function isContiguous(mask: Uint8Array): boolean {
  const bits = [...mask].map(octet => octet.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits);
}

/**
 * Whether the base of a GeneralSubtree has a form that RFC 5280 4.2.1.10 gives its type. A dNSName with a leading dot
 * has none there: whether the domain itself is meant is read in two ways, so it is refused.
 */
export function hasSubtreeForm(base: GeneralName): boolean {
  switch (base.kind) {
    case 'dNSName':
      return base.text === '' || isDnsName(base.text, 'exact');
    case 'uniformResourceIdentifier':
      return isHostName(base.text.replace(/^\./, ''));
    case 'rfc822Name':
      return base.text.includes('@')
        ? mailboxOf(base.text) !== undefined
        : isHostName(base.text.replace(/^\./, ''));
    case 'iPAddress': {
      const { octets } = base;
      return isContiguous(octets.subarray(octets.length / 2));
    }
    case 'otherName':
    case 'directoryName':
    case 'registeredID':
    case 'x400Address':
    case 'ediPartyName':
      return true;
  }
}
