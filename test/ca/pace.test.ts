import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { createGroupCommit } from '../../ca/group-commit.js';
import { pagedRandom } from '../../ca/issue/random.js';
import { createRoom } from '../../ca/issue/room.js';
import { createTurns } from '../../ca/issue/turns.js';

describe('ca: what arrives during a commit', () => {
  /** Commits that end when told to. */
  function stand(limit = 100) {
    const commits: { members: readonly number[]; end: (outcome?: 'fault' | 'apart') => void }[] = [];
    const alone: number[] = [];
    const commit = createGroupCommit<number, string>({
      together: members =>
        new Promise((resolve, reject) => {
          commits.push({
            members,
            end(outcome) {
              if (outcome === 'fault') reject(new Error('on purpose'));
              else resolve(outcome === 'apart' ? undefined : members.map(member => `together ${member}`));
            }
          });
        }),
      async alone(member) {
        alone.push(member);
        if (member === 13) throw new Error('unlucky');
        return `alone ${member}`;
      },
      weight: member => member,
      limit
    });
    return { commits, alone, commit };
  }

  it('one alone goes at once, those behind it together', async () => {
    const { commits, commit } = stand();
    const first = commit(1);
    await turn();
    const others = [2, 3, 4].map(commit);
    await turn();
    expect(commits.map(({ members }) => members)).to.deep.equal([[1]]);
    commits[0]?.end();
    expect(await first).to.equal('together 1');
    await sleep(5);
    expect(commits.map(({ members }) => members)).to.deep.equal([[1], [2, 3, 4]]);
    commits[1]?.end();
    expect(await Promise.all(others)).to.deep.equal(['together 2', 'together 3', 'together 4']);
  });

  it('a commit holds no more than its limit, and one that is over it goes by itself', async () => {
    const { commits, commit } = stand(10);
    const all = [4, 5, 6, 70, 1].map(commit);
    for (let i = 0; i < 4; i++) {
      await sleep(5);
      commits[i]?.end();
    }
    await Promise.all(all);
    expect(commits.map(({ members }) => members)).to.deep.equal([[4, 5], [6], [70], [1]]);
  });

  for (const outcome of ['fault', 'apart'] as const)
    it(`${outcome}: each is done by itself, and one that fails fails alone`, async () => {
      const { commits, alone, commit } = stand();
      const all = [12, 13, 14].map(commit);
      await sleep(5);
      commits[0]?.end(outcome);
      const settled = await Promise.allSettled(all);
      expect(settled.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
      expect(alone).to.deep.equal([12, 13, 14]);
    });

  it('a fault of one alone is its own', async () => {
    const { commits, alone, commit } = stand();
    const one = commit(5);
    await sleep(5);
    commits[0]?.end('fault');
    expect(await one.catch((error: Error) => error.message)).to.equal('on purpose');
    expect(alone).to.deep.equal([]);
  });
});

describe('ca: turns and room', () => {
  it('of all batch groups one slice runs between two turns of the event loop', async () => {
    const turns = createTurns();
    let slices = 0;
    let most = 0;
    let sinceTurn = 0;
    let going = true;
    const others = (async () => {
      for (; going; await turn()) sinceTurn = 0;
    })();
    const group = async () => {
      const pace = turns('batch');
      for (let item = 0; item < 30; item++) {
        const wait = pace();
        if (wait !== undefined) {
          await wait;
          slices += 1;
          most = Math.max(most, (sinceTurn += 1));
        }
        for (const until = performance.now() + 0.5; performance.now() < until;);
      }
    };
    await Promise.all([group(), group(), group(), group()]);
    going = false;
    await others;
    expect(slices).to.be.at.least(4 * 2);
    expect(most).to.equal(1);
  });

  it('a single request does not wait for a turn', () => {
    expect(createTurns()('adhoc')()).to.equal(undefined);
  });

  it('admits groups in their order, and a group larger than the room when it is empty', async () => {
    const room = createRoom(10);
    const entered: number[] = [];
    const enter = async (items: number) => {
      const leave = await room(items);
      entered.push(items);
      return leave;
    };
    const [four, five, seven, twenty, one] = [4, 5, 7, 20, 1].map(enter);
    await turn();
    expect(entered).to.deep.equal([4, 5]);
    (await four)?.();
    await turn();
    expect(entered).to.deep.equal([4, 5]);
    (await five)?.();
    await turn();
    expect(entered).to.deep.equal([4, 5, 7]);
    (await seven)?.();
    await turn();
    expect(entered).to.deep.equal([4, 5, 7, 20]);
    (await twenty)?.();
    (await one)?.();
    await turn();
    expect(entered).to.deep.equal([4, 5, 7, 20, 1]);
  });

  it('random octets are handed out once, of any length', () => {
    const random = pagedRandom();
    const drawn = Array.from({ length: 1_000 }, () => Buffer.from(random(16)).toString('hex'));
    expect(new Set(drawn).size).to.equal(1_000);
    const [first, second] = [random(16), random(16)];
    first.fill(0);
    expect(second.some(octet => octet !== 0)).to.equal(true);
    expect(random(10_000)).to.have.length(10_000);
  });
});
