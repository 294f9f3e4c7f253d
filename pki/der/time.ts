import { DerError } from './error.js';
import { tags } from './tag.js';

/**
 * Reads the content of a UTCTime (`YYMMDDHHMMSSZ`, 1950 to 2049) or GeneralizedTime (`YYYYMMDDHHMMSSZ`). RFC 5280
 * 4.1.2.5 knows only these forms: seconds present, `Z`, no fraction, UTCTime through 2049 and GeneralizedTime
 * after it. Checked as a calendar date first: `Date.UTC` would turn 31 February into 3 March.
 */
export function timeFromContent(tag: number, content: Uint8Array, offset: number, what: string): Date {
  const short = tag === tags.utcTime;
  const digits = short ? 12 : 14;
  if (content.length !== digits + 1 || content[digits] !== 0x5a) throw new DerError('der/time', offset, what);
  for (let i = 0; i < digits; i++) {
    const octet = content[i] as number;
    if (octet < 0x30 || octet > 0x39) throw new DerError('der/time', offset + i, what);
  }
  const at = short ? 2 : 4;
  const first = pair(content, 0);
  const year = short ? first + (first < 50 ? 2000 : 1900) : first * 100 + pair(content, 2);
  const month = pair(content, at);
  const day = pair(content, at + 2);
  const hour = pair(content, at + 4);
  const minute = pair(content, at + 6);
  const second = pair(content, at + 8);
  if (
    month < 1 ||
    month > 12 ||
    day < 1 ||
    day > daysIn(year, month) ||
    hour > 23 ||
    minute > 59 ||
    second > 59
  )
    throw new DerError('der/time', offset, what);
  if (!short && year < 2050) throw new DerError('der/time', offset, what);
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
}

/** Two decimal digits. */
function pair(content: Uint8Array, at: number): number {
  return ((content[at] as number) - 0x30) * 10 + (content[at + 1] as number) - 0x30;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** The tag and the content octets of a moment, by the year rule of RFC 5280 4.1.2.5. Whole seconds, 1950 to 9999. */
export function timeToContent(moment: Date): { tag: number; content: Uint8Array } {
  const year = moment.getUTCFullYear();
  if (!(year >= 1950 && year <= 9999) || moment.getUTCMilliseconds() !== 0)
    throw new RangeError('a certificate time is a whole second between 1950 and 9999');
  const text = moment.toISOString().slice(0, 19).replace(/[-T:]/g, '') + 'Z';
  return year < 2050
    ? { tag: tags.utcTime, content: Buffer.from(text.slice(2), 'latin1') }
    : { tag: tags.generalizedTime, content: Buffer.from(text, 'latin1') };
}
