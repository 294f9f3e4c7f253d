/**
 * Characters whose treatment differs between readers: controls, formats, private use, unassigned, the replacement
 * character, variation selectors, and those RFC 4518 2.2 maps to nothing. What holds one is left as it is.
 */
const unusual =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\ufffc\ufffd\u034f\u180b-\u180f\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u;
const spaces = /[\p{Zs}\p{Zl}\p{Zp}]+/gu;
/** More marks on one character than any language has (UAX 15 section 13): composing them takes the square of their number. */
const manyMarks = /\p{M}{31}/u;
/** DESIGN: no upper bound of X.520 is above 32,768, no name in use above some hundred; what is longer is octets. */
const maxPrepared = 4_096;
const plain = /^[a-z0-9]*$/;

/**
 * Prepares text for a comparison without case (RFC 5280 7.1, RFC 4518): every run of spaces one space, none at
 * the ends, compatibility composition, lower case. Undefined for text with characters that RFC 4518 removes,
 * maps by its own tables or prohibits: two such values are the same only when their octets are.
 */
export function prepare(text: string): string | undefined {
  if (plain.test(text)) return text;
  if (text.length > maxPrepared || manyMarks.test(text) || unusual.test(text)) return undefined;
  const folded = text.normalize('NFKC').toLowerCase().normalize('NFKC');
  // The final form of sigma is a letter case of its own to toLowerCase, and not in table B.2 of RFC 3454.
  const prepared = folded
    .replace(/\u03c2/g, '\u03c3')
    .replace(spaces, ' ')
    .trim();
  return unusual.test(prepared) ? undefined : prepared;
}
