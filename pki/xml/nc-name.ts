/**
 * Whether a text is an NCName (Namespaces in XML 1.0, production 4; XML 1.0 productions 4 and 4a without the colon):
 * what an attribute of type `xs:ID` holds, white space around it left out by its author.
 */
export function isNcName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9._-]*$/.test(text) || ncName.test(text);
}

const start =
  'A-Z_a-z\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2FF}\\u{370}-\\u{37D}\\u{37F}-\\u{1FFF}\\u{200C}-\\u{200D}' +
  '\\u{2070}-\\u{218F}\\u{2C00}-\\u{2FEF}\\u{3001}-\\u{D7FF}\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFFD}\\u{10000}-\\u{EFFFF}';
const following = `${start}.0-9\\u{B7}\\u{300}-\\u{36F}\\u{203F}-\\u{2040}\\-`;
const ncName = new RegExp(`^[${start}][${following}]*$`, 'u');
