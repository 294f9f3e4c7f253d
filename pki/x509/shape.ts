/** A run of octets inside others. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

/** DESIGN: a maker's devices have a shape for each usage and issuer; tens are alive at once, and 1 KiB is much. */
const maxLengths = 64;
const maxOfLength = 16;
const maxOctets = 1_024;

interface Entry<T> {
  readonly model: Uint8Array;
  /** Ends and starts of the runs between the places: what must be equal. */
  readonly fixed: readonly Place[];
  readonly value: T;
}

/**
 * Encodings that were read by the strict reader, to recognise others by. Two encodings have one shape when they
 * have one length and are equal but for the content octets of certain primitive values, the places: every tag and
 * every length is then the same, and the reader would take the same way through both. What it would say of the
 * places themselves is for the caller to check; nothing is accepted that it has not accepted in this shape.
 *
 * Bounded: a shape that is used moves ahead of the others of its length, the last one gives way to a new one.
 */
export class Shapes<T> {
  readonly #ofLength = new Map<number, Entry<T>[]>();

  /** What was learned of the shape of `octets[start..end)`; undefined when it is not known. */
  find(octets: Uint8Array, start: number, end: number): T | undefined {
    const entries = this.#ofLength.get(end - start);
    if (entries === undefined) return undefined;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as Entry<T>;
      if (!fits(entry, octets, start)) continue;
      if (i > 0) {
        entries[i] = entries[i - 1] as Entry<T>;
        entries[i - 1] = entry;
      }
      return entry.value;
    }
    return undefined;
  }

  /** @param places in ascending order, apart from each other */
  learn(model: Uint8Array, places: readonly Place[], value: T): void {
    if (model.length > maxOctets) return;
    const fixed: Place[] = [];
    let at = 0;
    for (const { start, end } of places) {
      if (start < at || end < start) throw new RangeError('places overlap');
      fixed.push({ start: at, end: start });
      at = end;
    }
    fixed.push({ start: at, end: model.length });
    let entries = this.#ofLength.get(model.length);
    if (entries === undefined) {
      if (this.#ofLength.size >= maxLengths) this.#ofLength.clear();
      this.#ofLength.set(model.length, (entries = []));
    }
    if (entries.length >= maxOfLength) entries.pop();
    entries.push({ model: Uint8Array.from(model), fixed, value });
  }
}

function fits<T>({ model, fixed }: Entry<T>, octets: Uint8Array, offset: number): boolean {
  for (const { start, end } of fixed)
    for (let i = start; i < end; i++) if (octets[offset + i] !== model[i]) return false;
  return true;
}
