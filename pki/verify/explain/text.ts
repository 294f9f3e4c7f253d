import { DerError } from '../../der/index.js';
import { noExpiry } from '../../profile/validity.js';
import { formatName, parseCertificate, X509Error, type Certificate, type Name } from '../../x509/index.js';
import { entityOf, euiText } from '../smki/facts.js';

/**
 * Characters of a name or a message that are shown.
 * DESIGN: four attributes of 64 characters, the most that RFC 5280 appendix A gives them, fit; a name of 64 KiB, which
 * may well be signed, does not fill a terminal or a log.
 */
const maxShown = 300;

/**
 * Text that stays on its line and looks like what it is: control, format (bidirectional among them), separator and
 * unassigned characters are shown as `\u{…}`, and what is too long is cut with an ellipsis.
 */
export function oneLine(text: string): string {
  const shown = text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
  return shown.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, character => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

/** RFC 4514; `(no subject)` for the empty name. */
export function nameText(name: Name): string {
  return name.rdns.length === 0 ? '(no subject)' : oneLine(formatName(name));
}

/** Who a certificate is of: its subject, and the Entity Identifier of a device, which has none. */
export function subjectText(certificate: Certificate): string {
  const { subject, hardwareModuleName } = certificate;
  const entity = hardwareModuleName && entityOf(certificate);
  if (subject.rdns.length > 0 || entity === undefined) return nameText(subject);
  return `device ${euiText(entity)}`;
}

/** ISO 8601 to the second. */
export function momentText(moment: Date): string {
  return moment.getTime() === noExpiry.getTime() ? 'no expiry' : moment.toISOString().replace('.000Z', 'Z');
}

/** undefined for octets that are no certificate. */
export function readShown(der: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (error instanceof DerError || error instanceof X509Error) return undefined;
    throw error;
  }
}
