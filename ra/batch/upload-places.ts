/** Uploads under way in this process, in all and by party. */
export class UploadPlaces {
  readonly #most: number;
  readonly #mostPerParty: number;
  readonly #byParty = new Map<string, number>();
  #taken = 0;

  constructor(most: number, mostPerParty: number) {
    this.#most = most;
    this.#mostPerParty = mostPerParty;
  }

  /** Takes a place; answers what gives it back, or `undefined` when there is none left. */
  take(partyId: string): (() => void) | undefined {
    const own = this.#byParty.get(partyId) ?? 0;
    if (this.#taken >= this.#most || own >= this.#mostPerParty) return undefined;
    this.#taken += 1;
    this.#byParty.set(partyId, own + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#taken -= 1;
      const left = (this.#byParty.get(partyId) ?? 1) - 1;
      if (left === 0) this.#byParty.delete(partyId);
      else this.#byParty.set(partyId, left);
    };
  }
}
