import { DerError, DerReader, tags } from '../../der/index.js';
import { sameOctets } from '../../der/octets.js';
import type { GeneralName } from './general-name.js';
import { isComparable, isWithin } from './name.js';
import { hasSubtreeForm, isDnsName, mailboxOf, uriHostOf } from './name-forms.js';

/** Where a name lies: `unknown` counts against it on either list. */
export type Placement = 'inside' | 'outside' | 'unknown';
type List = 'permitted' | 'excluded';

/** SmtpUTF8Mailbox (RFC 9598): constrained by rfc822Name subtrees as well. */
const smtpUtf8Mailbox = '1.3.6.1.5.5.7.8.9';

/** Whether a base constrains names of this form. */
export function kindUnder(name: GeneralName, base: GeneralName): boolean {
  return (
    name.kind === base.kind ||
    (base.kind === 'rfc822Name' && name.kind === 'otherName' && name.type === smtpUtf8Mailbox)
  );
}

/** Compares a name with a subtree of its form (RFC 5280 4.2.1.10). */
export function compareWithSubtree(name: GeneralName, base: GeneralName, list: List): Placement {
  if (!hasSubtreeForm(base)) return 'unknown';
  if (base.kind === 'rfc822Name') return mailPlacement(name, base.text);
  switch (name.kind) {
    case 'dNSName':
      return base.kind === 'dNSName' ? dnsPlacement(name.text, base.text, list) : 'unknown';
    case 'uniformResourceIdentifier':
      return base.kind === 'uniformResourceIdentifier'
        ? hostPlacement(uriHostOf(name.text), base.text)
        : 'unknown';
    case 'iPAddress':
      return base.kind === 'iPAddress' ? ipPlacement(name.octets, base.octets) : 'unknown';
    case 'directoryName':
      if (base.kind !== 'directoryName') return 'unknown';
      if (isWithin(name.name, base.name)) return 'inside';
      return list === 'excluded' && !(isComparable(name.name) && isComparable(base.name))
        ? 'unknown'
        : 'outside';
    case 'registeredID':
      if (base.kind !== 'registeredID') return 'unknown';
      if (name.oid === base.oid) return 'inside';
      // No standard says what lies below an arc: not permitted, and not safe either.
      return name.oid.startsWith(`${base.oid}.`) ? 'unknown' : 'outside';
    case 'otherName':
      if (base.kind !== 'otherName' || name.type !== base.type) return 'outside';
      // A name is in any subtree whose base it is; what else is in one, only the type's own standard could say.
      return sameOctets(name.value, base.value) ? 'inside' : 'unknown';
    case 'rfc822Name':
    case 'x400Address':
    case 'ediPartyName':
      return 'unknown';
  }
}

/**
 * Label by label, without case; any number of labels may stand before the base's. Of a wildcard the expansions count:
 * all of them must be permitted, none may be excluded. A `*` is taken for one label or more.
 */
function dnsPlacement(text: string, base: string, list: List): Placement {
  if (!isDnsName(text, 'wildcard')) return 'unknown';
  const name = text.toLowerCase();
  const suffix = base.toLowerCase();
  const isUnder = (one: string, other: string) => other === '' || one === other || one.endsWith(`.${other}`);
  if (!name.includes('*')) return isUnder(name, suffix) ? 'inside' : 'outside';
  const dot = name.indexOf('.');
  const rest = dot === -1 ? '' : name.slice(dot + 1);
  if (isUnder(rest, suffix)) return 'inside';
  return list === 'excluded' && isUnder(suffix, rest) ? 'inside' : 'outside';
}

/** A host names itself alone, with a leading dot everything below it. */
function hostPlacement(host: string | undefined, base: string): Placement {
  if (host === undefined) return 'unknown';
  const wanted = base.toLowerCase();
  return (wanted.startsWith('.') ? host.endsWith(wanted) : host === wanted) ? 'inside' : 'outside';
}

/** A mailbox, a host (its mailboxes), or `.domain` (those of every host below it). Local parts compare exactly (7.5). */
function mailPlacement(name: GeneralName, base: string): Placement {
  const text =
    name.kind === 'rfc822Name' ? name.text : name.kind === 'otherName' ? utf8Of(name.value) : undefined;
  const mailbox = text === undefined ? undefined : mailboxOf(text);
  if (mailbox === undefined) return 'unknown';
  const exact = base.includes('@') ? mailboxOf(base) : undefined;
  if (exact === undefined) return hostPlacement(mailbox.host, base);
  return exact.local === mailbox.local && exact.host === mailbox.host ? 'inside' : 'outside';
}

function utf8Of(value: Uint8Array): string | undefined {
  try {
    const reader = DerReader.over(value, 'SmtpUTF8Mailbox');
    const { tag, text } = reader.string('SmtpUTF8Mailbox');
    reader.end('SmtpUTF8Mailbox');
    return tag === tags.utf8String ? text : undefined;
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

/** Address and mask of one family; the other family's addresses lie outside. */
function ipPlacement(address: Uint8Array, base: Uint8Array): Placement {
  const octets = base.length / 2;
  if (address.length !== octets) return 'outside';
  for (let i = 0; i < octets; i++) {
    const mask = base[octets + i] as number;
    if (((address[i] as number) & mask) !== ((base[i] as number) & mask)) return 'outside';
  }
  return 'inside';
}
