const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // A parser would turn these into spaces inside attributes and drop a carriage return in text.
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;'
};

/**
 * Text for element content and quoted attribute values. Throws RangeError for characters that XML 1.0 cannot hold
 * (section 2.2), which are a defect of the caller and not to be repaired silently.
 */
export function escapeXml(text: string): string {
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u.test(text))
    throw new RangeError('text holds a character that XML cannot');
  return text.replace(/[&<>"'\t\n\r]/g, character => entities[character] ?? character);
}
