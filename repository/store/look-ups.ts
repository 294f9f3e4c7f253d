/**
 * DESIGN: statements under way at once. One costs a tenth less, but lets everybody wait for a row that must be read
 * from disk; more make smaller groups.
 */
const lanes = 2;

/** DESIGN: keys of one statement; beyond it whoever came first waits for the answers of too many. */
const maxKeys = 64;

interface Waiting<Found> {
  readonly key: string;
  readonly resolve: (found: readonly Found[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Look-ups of one kind. One alone goes at once; those that come while others are under way go together into the
 * next statement, which costs server and driver a fraction of a statement each. A fault meets all of a statement.
 */
export class LookUps<Found> {
  readonly #ask: (keys: readonly string[]) => Promise<ReadonlyMap<string, readonly Found[]>>;
  #waiting: Waiting<Found>[] = [];
  #underWay = 0;
  #called = false;

  /** `ask` answers what was found under each key; a key without anything may be left out. */
  constructor(ask: (keys: readonly string[]) => Promise<ReadonlyMap<string, readonly Found[]>>) {
    this.#ask = ask;
  }

  find(key: string): Promise<readonly Found[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, resolve, reject });
      if (this.#underWay >= lanes || this.#called) return;
      this.#called = true;
      // Once the sockets that are readable now have been read: what came at the same time goes together.
      setImmediate(() => {
        this.#called = false;
        void this.#run();
      });
    });
  }

  async #run(): Promise<void> {
    this.#underWay += 1;
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, maxKeys);
      try {
        const found = await this.#ask([...new Set(group.map(({ key }) => key))]);
        for (const { key, resolve } of group) resolve(found.get(key) ?? []);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#underWay -= 1;
  }
}
