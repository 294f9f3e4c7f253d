import { expect } from 'chai';
import { GroupCommit } from '../../ra/group-commit.js';

describe('group commit', () => {
  /** Work that is held until it is let go, group by group. */
  function held(options: { maxGroup?: number; maxWaiting?: number } = {}) {
    const groups: number[][] = [];
    const releases: ((fault?: Error) => void)[] = [];
    const commit = new GroupCommit<number, string>({
      maxGroup: options.maxGroup ?? 100,
      maxWaiting: options.maxWaiting ?? 100,
      full: () => new Error('full'),
      work: members =>
        new Promise((resolve, reject) => {
          groups.push([...members]);
          releases.push(fault => {
            if (fault !== undefined) reject(fault);
            else resolve(members.map(member => (member < 0 ? new Error(`not ${member}`) : `done ${member}`)));
          });
        })
    });
    const release = async (fault?: Error): Promise<void> => {
      while (releases.length === 0) await turn();
      releases.shift()?.(fault);
    };
    return { commit, groups, release };
  }

  it('sends a lone member at once, and what arrives meanwhile with the next group', async () => {
    const { commit, groups, release } = held();
    const first = commit.submit(1);
    await turn();
    await turn();
    const rest = [2, 3, 4].map(member => commit.submit(member));
    await release();
    expect(await first).to.equal('done 1');
    await release();
    expect(await Promise.all(rest)).to.deep.equal(['done 2', 'done 3', 'done 4']);
    expect(groups).to.deep.equal([[1], [2, 3, 4]]);
  });

  it('takes the members of one turn together, and no more than a group holds', async () => {
    const { commit, groups, release } = held({ maxGroup: 2 });
    const all = [1, 2, 3].map(member => commit.submit(member));
    await release();
    await release();
    await Promise.all(all);
    expect(groups).to.deep.equal([[1, 2], [3]]);
  });

  it('keeps the failure of a member to that member', async () => {
    const { commit, release } = held();
    const all = [1, -2, 3].map(member => commit.submit(member));
    await release();
    const settled = await Promise.allSettled(all);
    expect(settled.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('tells a fault to the whole group and to no other', async () => {
    const { commit, release } = held();
    const lost = [1, 2].map(member => commit.submit(member));
    await turn();
    await turn();
    const next = commit.submit(3);
    await release(new Error('away'));
    const settled = await Promise.allSettled(lost);
    expect(settled.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    await release();
    expect(await next).to.equal('done 3');
  });

  it('refuses who comes when too many wait', async () => {
    const { commit, release } = held({ maxWaiting: 2 });
    const first = commit.submit(1);
    await turn();
    await turn();
    const waiting = [2, 3].map(member => commit.submit(member));
    const [refused] = await Promise.allSettled([commit.submit(4)]);
    expect(refused.status).to.equal('rejected');
    await release();
    await release();
    expect(await Promise.all([first, ...waiting])).to.deep.equal(['done 1', 'done 2', 'done 3']);
  });
});

describe('a group that is held', () => {
  function holding(ms: number) {
    const groups: number[][] = [];
    const state = { held: true };
    const commit = new GroupCommit<number, number>({
      ...{ maxGroup: 100, maxWaiting: 100 },
      full: () => new Error('full'),
      hold: { ms, holds: waiting => state.held && waiting < 3 },
      work: members => {
        groups.push([...members]);
        return Promise.resolve(members);
      }
    });
    return { commit, groups, state };
  }

  it('begins when enough have come', async () => {
    const { commit, groups } = holding(60_000);
    const all = [1, 2].map(member => commit.submit(member));
    await turn();
    await turn();
    expect(groups).to.deep.equal([]);
    all.push(commit.submit(3));
    expect(await Promise.all(all)).to.deep.equal([1, 2, 3]);
    expect(groups).to.deep.equal([[1, 2, 3]]);
  });

  it('begins when nothing holds it any more, and somebody looks', async () => {
    const { commit, state } = holding(60_000);
    const one = commit.submit(1);
    await turn();
    state.held = false;
    commit.look();
    expect(await one).to.equal(1);
  });

  it('begins in time whatever holds it', async () => {
    const { commit, groups } = holding(5);
    expect(await Promise.all([commit.submit(1), commit.submit(2)])).to.deep.equal([1, 2]);
    expect(groups).to.deep.equal([[1, 2]]);
  });
});

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
