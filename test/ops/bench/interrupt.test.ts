/** A benchmark that somebody ends: what it started goes with it, and what that breaks is no error to print. */
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from '../../../ops/bench/process-cost.js';
import { compiled } from '../../kit/compiled.js';
import { processesOf } from './left-over.js';

describe('smki bench, ended by a signal', function () {
  this.timeout(180_000);

  // Ctrl-C reaches every process of the terminal's group, an operator's kill one.
  for (const [signal, whom] of [
    ['SIGTERM', 'the process'],
    ['SIGINT', 'its group']
  ] as const)
    it(`${signal} to ${whom}: its status, nothing after its word, and nothing is left`, async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'opensmki-ended-'));
      chmodSync(folder, 0o711);
      const child = spawn(process.execPath, [compiled('ops/smki'), 'bench', 'core', '--quick', '--json'], {
        stdio: ['ignore', 'ignore', 'pipe'],
        detached: true,
        env: { ...process.env, TMPDIR: folder }
      });
      const pid = child.pid ?? 0;
      let error = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (error += text));
      const ended = new Promise<number | null>(resolve => child.once('close', status => resolve(status)));
      try {
        // Two workers that measure the limit, two more with their signers, PostgreSQL.
        while (child.exitCode === null && childrenOf(pid).length < 4) await sleep(100);
        expect(child.exitCode, error).to.equal(null);
        process.kill(whom === 'its group' ? -pid : pid, signal);
        expect(await ended).to.equal(128 + constants.signals[signal]);
        expect(error.trimEnd().split('\n').at(-1)).to.equal(`${signal}: ending what was started`);
        expect(processesOf(folder)).to.deep.equal([]);
        expect(readdirSync(folder)).to.deep.equal([]);
      } finally {
        child.kill('SIGKILL');
        rmSync(folder, { recursive: true, force: true });
      }
    });
});
