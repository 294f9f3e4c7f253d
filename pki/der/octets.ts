/** Whether two octet strings are equal. For short ones: below some hundred octets a call into Buffer costs more. */
export function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  const { length } = a;
  if (length !== b.length) return false;
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false;
  return true;
}
