/** What a group's work says of one member: its value, or the error that is its own and no other member's. */
export type Answer<R> = R | Error;

export interface GroupCommitOptions<T, R> {
  /** Most members of one group. */
  readonly maxGroup: number;
  /** Most members that wait; beyond, `full` is thrown to the newcomer. */
  readonly maxWaiting: number;
  full(): Error;
  /**
   * Does the work of a group; answers in the order of its members. A member that fails alone is answered with its
   * `Error`; what is thrown is a fault of all: every member of the group is rejected with it.
   */
  work(members: readonly T[]): Promise<readonly Answer<R>[]>;
  /** Told of each group as it begins: its size, and how many wait behind it. */
  readonly begun?: (size: number, waiting: number) => void;
  /** When a group is better begun later, although none is under way; asked again by `look`, never for longer than `ms`. */
  readonly hold?: { readonly ms: number; holds(waiting: number): boolean };
}

interface Waiter<T, R> {
  readonly member: T;
  readonly resolve: (value: R) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Work that costs little more for many than for one: what arrives while one group is under way forms the next. There
 * is no timer but that of `hold`: a lone member goes at once, at the end of the event loop's turn, together with what
 * arrived in the same turn.
 */
export class GroupCommit<T, R> {
  readonly #options: GroupCommitOptions<T, R>;
  #waiting: Waiter<T, R>[] = [];
  #running = false;
  /** Set while a group is held. */
  #held: NodeJS.Timeout | undefined;

  constructor(options: GroupCommitOptions<T, R>) {
    this.#options = options;
  }

  submit(member: T): Promise<R> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length >= this.#options.maxWaiting) {
        reject(this.#options.full());
        return;
      }
      this.#waiting.push({ member, resolve, reject });
      this.look();
    });
  }

  /** Begins the next group where nothing holds it any more. */
  look(): void {
    if (this.#running || this.#waiting.length === 0) return;
    const { hold } = this.#options;
    if (hold?.holds(this.#waiting.length) === true) this.#held ??= setTimeout(() => this.#begin(), hold.ms);
    else this.#begin();
  }

  #begin(): void {
    clearTimeout(this.#held);
    this.#held = undefined;
    if (this.#running || this.#waiting.length === 0) return;
    this.#running = true;
    setImmediate(() => {
      const { maxGroup, begun } = this.#options;
      const group = this.#waiting.splice(0, maxGroup);
      begun?.(group.length, this.#waiting.length);
      void this.#commit(group).finally(() => {
        this.#running = false;
        this.look();
      });
    });
  }

  /** Never rejects: whatever goes wrong goes to the members. */
  async #commit(group: readonly Waiter<T, R>[]): Promise<void> {
    try {
      const answers = await this.#options.work(group.map(({ member }) => member));
      if (answers.length !== group.length) throw new Error('a group was not answered member by member');
      for (const [index, { resolve, reject }] of group.entries()) {
        const answer = answers[index] as Answer<R>;
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      }
    } catch (fault) {
      for (const { reject } of group) reject(fault);
    }
  }
}
