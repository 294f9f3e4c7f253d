/** The response files of NIST's validation programmes: sections in brackets, `name = value`, a blank line between. */
import { readFileSync } from 'node:fs';

export interface Response {
  /** What stands in the brackets above it. */
  readonly section: string;
  /** Of this response, and those that were said once for the section, such as a modulus. */
  readonly fields: ReadonlyMap<string, string>;
}

/** @param last the field that ends a response: what comes after it in the file belongs to the next one */
export function readResponses(file: string, last: string): Response[] {
  const responses: Response[] = [];
  let section = '';
  let fields = new Map<string, string>();
  for (const line of readFileSync(file, 'latin1').split(/[\r\n]+/)) {
    const heading = /^\[(.*)\]$/.exec(line.trim())?.[1];
    if (heading !== undefined) {
      section = heading;
      fields = new Map();
      continue;
    }
    const field = /^([A-Za-z]+)\s*=\s*(.*)$/.exec(line.trim());
    if (field === null) continue;
    fields.set(field[1] as string, field[2] as string);
    if (field[1] === last) responses.push({ section, fields: new Map(fields) });
  }
  return responses;
}

export function fieldOf({ section, fields }: Response, name: string): string {
  const value = fields.get(name);
  if (value === undefined) throw new RangeError(`no ${name} under [${section}]`);
  return value;
}

/** A number, whose zeros in front count for nothing. */
export function numberOfField(response: Response, name: string): bigint {
  return BigInt(`0x0${fieldOf(response, name)}`);
}

export function octetsOfField(response: Response, name: string): Uint8Array {
  const hex = fieldOf(response, name);
  return new Uint8Array(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'));
}
