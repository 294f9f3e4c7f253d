/** Random octets by the page: drawing 16 of them costs nearly what drawing a page costs. */
import { randomFillSync } from 'node:crypto';

/** DESIGN: serials of a group of 250. */
const pageOctets = 4_096;

/** Octets of the process's own CSPRNG, each handed out once; the caller may keep and change them. */
export function pagedRandom(): (octets: number) => Uint8Array {
  let page = new Uint8Array(0);
  let at = 0;
  return octets => {
    if (octets > page.length - at) {
      page = randomFillSync(new Uint8Array(Math.max(pageOctets, octets)));
      at = 0;
    }
    at += octets;
    return page.subarray(at - octets, at);
  };
}
