/** Room for items on their way through steps 5 to 7, so that the signer's queue is never asked for more than it takes. */

/** Waits for room for a group and answers how to give it back; first come, first served. */
export type Room = (items: number) => Promise<() => void>;

interface Waiting {
  readonly items: number;
  enter(): void;
}

/** A group larger than the whole enters when everybody else has left. */
export function createRoom(limit: number): Room {
  let used = 0;
  const waiting: Waiting[] = [];

  function admit(): void {
    for (;;) {
      const first = waiting[0];
      if (first === undefined || (used > 0 && used + first.items > limit)) return;
      waiting.shift();
      used += first.items;
      first.enter();
    }
  }

  return items =>
    new Promise(resolve => {
      const leave = (): void => {
        used -= items;
        admit();
      };
      waiting.push({ items, enter: () => resolve(leave) });
      admit();
    });
}
