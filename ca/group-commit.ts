/**
 * What arrives while one commit is in flight goes together into the next. There is no timer: one member alone goes
 * at once.
 */
import { setImmediate as turn } from 'node:timers/promises';

export interface GroupCommit<I, O> {
  /** Resolves with the member's own outcome; rejects with the member's own fault. */
  (member: I): Promise<O>;
}

export interface GroupCommitOptions<I, O> {
  /** Does all members as one; undefined when they cannot go together, and then nothing was done. */
  together(members: readonly I[]): Promise<readonly O[] | undefined>;
  /** Does one member by itself, with every case there may be. */
  alone(member: I): Promise<O>;
  /** What a member adds to a commit. */
  weight(member: I): number;
  /** The most that goes into one commit; a member that is heavier goes by itself. */
  limit: number;
}

interface Waiting<I, O> {
  readonly member: I;
  resolve(outcome: O): void;
  reject(error: unknown): void;
}

/** One commit at a time. A fault of one member is its own: the others are done by themselves. */
export function createGroupCommit<I, O>(options: GroupCommitOptions<I, O>): GroupCommit<I, O> {
  let waiting: Waiting<I, O>[] = [];
  let running = false;

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      // What becomes ready in this turn of the event loop joins.
      await turn();
      await commit(take());
    }
    running = false;
  }

  function take(): Waiting<I, O>[] {
    let count = 0;
    let weight = 0;
    for (const { member } of waiting) {
      weight += options.weight(member);
      if (count > 0 && weight > options.limit) break;
      count += 1;
    }
    const taken = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return taken;
  }

  async function commit(taken: readonly Waiting<I, O>[]): Promise<void> {
    try {
      const outcomes = await options.together(taken.map(({ member }) => member));
      if (outcomes === undefined) return await each(taken);
      for (const [index, waiter] of taken.entries()) waiter.resolve(outcomes[index] as O);
    } catch (error) {
      if (taken.length > 1) return each(taken);
      for (const waiter of taken) waiter.reject(error);
    }
  }

  async function each(taken: readonly Waiting<I, O>[]): Promise<void> {
    await Promise.all(
      taken.map(async waiter => {
        try {
          waiter.resolve(await options.alone(waiter.member));
        } catch (error) {
          waiter.reject(error);
        }
      })
    );
  }

  return member =>
    new Promise((resolve, reject) => {
      waiting.push({ member, resolve, reject });
      if (running) return;
      running = true;
      void run();
    });
}
