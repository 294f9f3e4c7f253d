import { expect } from 'chai';
import { execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  HsmError,
  startPkcs11KeyGenerator,
  startPkcs11Signer,
  type KeyGenerator,
  type Pkcs11Signer,
  type Pkcs11SignerOptions,
  type PublicKey,
  type SignerHealth,
  type SignOutcome,
  type SignRequest
} from '../../hsm/index.js';
import { signatureIsGood, signerCommand, signerOptions, signRequest } from '../kit/signer.js';
import { createSoftHsm, type SoftHsm, type SoftHsmToken } from '../kit/softhsm.js';

describe('signer process under faults', function () {
  this.timeout(60_000);
  let softHsm: SoftHsm;
  let token: SoftHsmToken;
  let signer: (Pkcs11Signer & KeyGenerator) | undefined;
  let changes: SignerHealth[];

  beforeEach(() => {
    softHsm = createSoftHsm();
    token = softHsm.addToken('faults');
    changes = [];
  });
  afterEach(async () => {
    await signer?.close();
    signer = undefined;
    softHsm.dispose();
  });

  async function start(more: Partial<Pkcs11SignerOptions> = {}) {
    const options = signerOptions(softHsm, token, { onStateChange: health => changes.push(health), ...more });
    signer = await startPkcs11KeyGenerator(options);
    return { signer, secret: options.permitSecret };
  }

  for (const calls of ['blocking', 'parallel'] as const) {
    it(`killed with requests under way: in doubt are those that were sent, then it signs again (${calls})`, async () => {
      const { signer, secret } = await start({ calls });
      const key = await signer.generate('k', 'P-256');
      const { pid } = await signer.health();
      const requests = Array.from({ length: 1500 }, () => signRequest(secret, 'k', { lane: 'batch' }));
      const running = requests.map(request => signer.signMany([request]));
      await running[0];
      process.kill(pid!, 'SIGKILL');
      const counts = tally(key, requests, (await Promise.all(running)).flat());
      expect(counts).to.have.all.keys('ok', 'hsm/outcome-unknown', 'hsm/unavailable');
      // What was not sent is certainly not signed, and never called in doubt: two frames of 32 at most were sent.
      expect(counts['hsm/outcome-unknown']).to.be.within(1, 64);

      const error = await signer.sign(signRequest(secret, 'k')).catch((error: unknown) => error);
      expect(error).to.be.instanceOf(HsmError).with.property('code', 'hsm/unavailable');
      await signsAgain(signer, secret, key, 10_000);
      expect((await signer.health()).restarts).to.equal(1);
      expect((await signer.health()).pid).to.not.equal(pid);
      expect(states(changes)).to.deep.equal(['ready', 'degraded', 'ready']);
    });

    it(`token taken away while requests run, and brought back (${calls})`, async () => {
      const { signer, secret } = await start({ calls, sessions: 4 });
      const key = await signer.generate('k', 'P-256');
      const { pid } = await signer.health();
      const counts: Record<string, number> = {};
      let running = true;
      const load = Array.from({ length: 8 }, async () => {
        while (running) {
          const request = signRequest(secret, 'k');
          const outcomes = await signer.signMany([request]);
          for (const [code, count] of Object.entries(tally(key, [request], outcomes))) {
            counts[code] = (counts[code] ?? 0) + count;
          }
          await sleep(2);
        }
      });
      await sleep(200);
      const away = `${softHsm.tokenDir}.away`;
      renameSync(softHsm.tokenDir, away);
      await sleep(2500);
      expect((await signer.health()).state).to.equal('degraded');
      renameSync(away, softHsm.tokenDir);
      const back = performance.now();
      await signsAgain(signer, secret, key, 5000);
      expect(performance.now() - back).to.be.lessThan(3000);
      await sleep(200);
      running = false;
      await Promise.all(load);
      expect(counts.ok).to.be.greaterThan(100);
      expect(counts['hsm/unavailable']).to.be.greaterThan(100);
      // Above all, a key is never reported missing because its token is.
      for (const code of Object.keys(counts)) {
        expect(code).to.be.oneOf(['ok', 'hsm/unavailable', 'hsm/failed']);
      }
      // The process healed itself: Finalize and Initialize, not a restart.
      expect(await signer.health()).to.include({ state: 'ready', pid, restarts: 0 });
      expect(states(changes)).to.deep.equal(['ready', 'degraded', 'ready']);
      expect(await codeOf(signer.sign(signRequest(secret, 'nobody')))).to.equal('hsm/key-not-found');
    });
  }

  it('notices an idle token that goes and comes', async () => {
    const { signer } = await start();
    renameSync(softHsm.tokenDir, `${softHsm.tokenDir}.away`);
    await until(async () => (await signer.health()).state === 'degraded', 4000);
    expect((await signer.health()).problem).to.equal('hsm/unavailable');
    renameSync(`${softHsm.tokenDir}.away`, softHsm.tokenDir);
    await until(async () => (await signer.health()).state === 'ready', 4000);
    expect(states(changes)).to.deep.equal(['ready', 'degraded', 'ready']);
  });

  it('starts without its token when told to, and serves when it comes; refuses to start otherwise', async () => {
    renameSync(softHsm.tokenDir, `${softHsm.tokenDir}.away`);
    expect(await codeOf(startPkcs11Signer(signerOptions(softHsm, token)))).to.equal('hsm/unavailable');
    const { signer, secret } = await start({ whenTokenAway: 'start-degraded' });
    expect(await signer.health()).to.include({ state: 'degraded', problem: 'hsm/unavailable', sessions: 0 });
    expect(await codeOf(signer.sign(signRequest(secret, 'k')))).to.equal('hsm/unavailable');
    expect(await codeOf(signer.publicKey('k'))).to.equal('hsm/unavailable');
    renameSync(`${softHsm.tokenDir}.away`, softHsm.tokenDir);
    await until(async () => (await signer.health()).state === 'ready', 5000);
    await signsAgain(signer, secret, await signer.generate('k', 'P-256'), 1000);
  });

  it('says why when the module is not there', async () => {
    const options = { module: join(softHsm.dir, 'nowhere.so'), whenTokenAway: 'start-degraded' as const };
    const { signer } = await start(options);
    expect(await signer.health()).to.include({ state: 'degraded', problem: 'hsm/unavailable', restarts: 0 });
    expect((await signer.health()).reason).to.contain('nowhere.so');
  });

  it('a command that cannot run or ends at once leaves a degraded signer that is told once', async () => {
    for (const command of [['/nonexistent/node'], [process.execPath, '-e', '']]) {
      changes = [];
      const { signer, secret } = await start({ command, whenTokenAway: 'start-degraded' });
      await sleep(700);
      expect(states(changes)).to.deep.equal(['degraded']);
      expect(await codeOf(signer.sign(signRequest(secret, 'k')))).to.equal('hsm/unavailable');
      await signer.close();
    }
  });

  it('tries a wrong PIN once, whatever restarts', async () => {
    const good = readFileSync(token.pinFile);
    writeFileSync(token.pinFile, '0000000000000000');
    const { signer, secret } = await start({ whenTokenAway: 'start-degraded' });
    expect(await signer.health()).to.include({ state: 'degraded', problem: 'hsm/pin' });
    expect(await codeOf(signer.sign(signRequest(secret, 'k')))).to.equal('hsm/pin');
    const latch = statSync(token.latchFile);

    // From here on the PIN is right: a login that is tried would succeed, so staying out proves that none is.
    writeFileSync(token.pinFile, good);
    await sleep(1500);
    expect((await signer.health()).problem).to.equal('hsm/pin');
    process.kill((await signer.health()).pid!, 'SIGKILL');
    await until(async () => (await signer.health()).problem === 'hsm/pin-latched', 10_000);
    await sleep(1500);
    expect(await codeOf(signer.sign(signRequest(secret, 'k')))).to.equal('hsm/pin-latched');
    expect(await codeOf(startPkcs11Signer(signerOptions(softHsm, token)))).to.equal('hsm/pin-latched');
    expect(statSync(token.latchFile)).to.include({ ino: latch.ino, mtimeMs: latch.mtimeMs });

    rmSync(token.latchFile);
    await until(async () => (await signer.health()).state === 'ready', 5000);
    expect(existsSync(token.latchFile)).to.equal(false);
  });

  it('waits for a login of another process that runs, and not for one that has died', async () => {
    const startTime = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ')[19];
    writeFileSync(token.latchFile, `login of process ${process.pid} started ${startTime}\n`);
    const { signer } = await start({ whenTokenAway: 'start-degraded' });
    expect((await signer.health()).problem).to.equal('hsm/unavailable');
    // The same process id, started at another time: somebody who has died.
    writeFileSync(token.latchFile, `login of process ${process.pid} started 1\n`);
    await until(async () => (await signer.health()).problem === 'hsm/pin-latched', 10_000);
    rmSync(token.latchFile);
    await until(async () => (await signer.health()).state === 'ready', 10_000);
  });

  it('lets several processes of one token log in at the same moment', async () => {
    const started = await Promise.all(
      Array.from({ length: 5 }, () => start({ whenTokenAway: 'start-degraded' }))
    );
    try {
      for (const { signer } of started)
        await until(async () => (await signer.health()).state === 'ready', 10_000);
      expect(existsSync(token.latchFile)).to.equal(false);
    } finally {
      for (const { signer } of started) await signer.close();
    }
  });

  it('leaves no latch where the disk takes none, since no login was tried', async () => {
    // A limit of no octets stands in for a full disk: the file can be made, and nothing written into it.
    const full = `trap '' XFSZ; if [ -e "${token.latchFile}.room" ]; then exec "$@"; fi; ulimit -f 0; exec "$@"`;
    const command = ['/bin/sh', '-c', full, 'sh', ...signerCommand];
    const { signer } = await start({ command, whenTokenAway: 'start-degraded' });
    expect(await signer.health()).to.include({ state: 'degraded', problem: 'hsm/unavailable' });
    expect(existsSync(token.latchFile)).to.equal(false);
    writeFileSync(`${token.latchFile}.room`, '');
    process.kill((await signer.health()).pid!, 'SIGKILL');
    await until(async () => (await signer.health()).state === 'ready', 10_000);
  });

  it('does not read a PIN file that others can read, and tries nothing', async () => {
    execFileSync('chmod', ['0644', token.pinFile]);
    const { signer } = await start({ whenTokenAway: 'start-degraded' });
    expect(await signer.health()).to.include({ state: 'degraded', problem: 'hsm/unavailable' });
    expect(existsSync(token.latchFile)).to.equal(false);
    execFileSync('chmod', ['0600', token.pinFile]);
    await until(async () => (await signer.health()).state === 'ready', 5000);
  });

  it('a process that hangs is killed at the deadline and replaced', async () => {
    const { signer, secret } = await start({ callDeadlineMs: 1500 });
    const key = await signer.generate('k', 'P-256');
    const { pid } = await signer.health();
    process.kill(pid!, 'SIGSTOP');
    const began = performance.now();
    const requests = Array.from({ length: 400 }, () => signRequest(secret, 'k'));
    const counts = tally(key, requests, await signer.signMany(requests));
    expect(performance.now() - began).to.be.within(1400, 3500);
    expect(counts).to.have.all.keys('hsm/outcome-unknown', 'hsm/unavailable');
    expect(counts['hsm/outcome-unknown']).to.equal(64);
    expect(isGone(pid!)).to.equal(true);
    await signsAgain(signer, secret, key, 10_000);
  });

  it('an idle process that hangs is found by its missing sign of life', async () => {
    const { signer } = await start({ callDeadlineMs: 500 });
    const { pid } = await signer.health();
    process.kill(pid!, 'SIGSTOP');
    await until(async () => (await signer.health()).restarts === 1, 6000);
    await until(async () => (await signer.health()).state === 'ready', 6000);
  });

  it('beyond its queue it is busy', async () => {
    const { signer, secret } = await start({ queueLimit: 100 });
    const key = await signer.generate('k', 'P-256');
    const requests = Array.from({ length: 300 }, () => signRequest(secret, 'k'));
    const counts = tally(key, requests, await signer.signMany(requests));
    expect(counts).to.deep.equal({ ok: 100, 'hsm/busy': 200 });
    // Busy means not sent: the same permit is still good.
    expect(signatureIsGood(key, requests[299]!.data, await signer.sign(requests[299]!))).to.equal(true);
  });

  it('remembers spent permits across a restart of the process', async () => {
    const { signer, secret } = await start();
    const key = await signer.generate('k', 'P-256');
    const request = signRequest(secret, 'k');
    await signer.sign(request);
    process.kill((await signer.health()).pid!, 'SIGKILL');
    await signsAgain(signer, secret, key, 10_000);
    expect(await codeOf(signer.sign(request))).to.equal('hsm/permit');
  });

  it('runs two processes on one token, and goes on with one', async () => {
    const { signer, secret } = await start({ processes: 2 });
    expect(await signer.health()).to.include({ state: 'ready', sessions: 4 });
    const key = await signer.generate('k', 'P-256');
    const requests = Array.from({ length: 200 }, () => signRequest(secret, 'k', { lane: 'batch' }));
    expect(tally(key, requests, await signer.signMany(requests))).to.deep.equal({ ok: 200 });
    process.kill((await signer.health()).pid!, 'SIGKILL');
    await until(async () => (await signer.health()).state === 'degraded', 2000);
    await signer.sign(signRequest(secret, 'k'));
    await until(async () => (await signer.health()).state === 'ready', 10_000);
    expect(states(changes)).to.deep.equal(['ready', 'degraded', 'ready']);
  });

  it('signs with no key that could leave its token', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const file = join(softHsm.dir, 'imported.pem');
    writeFileSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }));
    const pin = readFileSync(token.pinFile, 'utf8');
    const argv = [
      '--import',
      file,
      '--token',
      token.label,
      '--label',
      'imported',
      '--id',
      '01',
      '--pin',
      pin
    ];
    execFileSync('softhsm2-util', argv, { env: { PATH: '/usr/bin:/bin', ...softHsm.env }, stdio: 'ignore' });
    const { signer, secret } = await start();
    expect(await codeOf(signer.sign(signRequest(secret, 'imported')))).to.equal('hsm/key-attributes');
    expect(await codeOf(signer.publicKey('imported'))).to.equal('hsm/key-attributes');
  });

  it('makes keys in ceremonies only', async () => {
    const signer = await startPkcs11Signer(signerOptions(softHsm, token));
    try {
      const withLeave = signer as unknown as KeyGenerator;
      expect(await codeOf(withLeave.generate('k', 'P-256'))).to.equal('hsm/request');
      expect(await codeOf(signer.publicKey('k'))).to.equal('hsm/key-not-found');
    } finally {
      await signer.close();
    }
  });

  it('shows neither PIN nor permit secret in its arguments or environment', async () => {
    const { signer, secret } = await start();
    const { pid } = await signer.health();
    const shown = ['cmdline', 'environ'].map(name => readFileSync(`/proc/${pid}/${name}`));
    const pin = readFileSync(token.pinFile);
    for (const text of shown) {
      expect(text.includes(pin)).to.equal(false);
      for (const form of ['hex', 'base64', 'base64url', 'latin1'] as const) {
        expect(text.includes(Buffer.from(secret).toString(form), 'latin1')).to.equal(false);
      }
    }
    expect(shown[1]!.toString()).to.contain('SOFTHSM2_CONF');
    const sockets = execFileSync('ls', ['-l', `/proc/${pid}/fd`]).toString();
    expect(sockets).to.match(/ 3 -> socket:/);
    // No listening socket of any family: state 0A, or 01 with the accept flag in /proc/net/unix.
    const inodes = [...sockets.matchAll(/socket:\[(\d+)\]/g)].map(match => match[1]);
    for (const table of ['tcp', 'tcp6', 'unix']) {
      const lines = readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n');
      const listening = table === 'unix' ? / 00010000 / : / 0A /;
      const own = lines.filter(
        line => listening.test(line) && line.split(/\s+/).some(part => inodes.includes(part))
      );
      expect(own).to.deep.equal([]);
    }
  });

  it('ends when its parent is killed', async () => {
    const options = JSON.stringify({ ...signerOptions(softHsm, token), permitSecret: undefined });
    const program = `
      import { startPkcs11Signer } from ${JSON.stringify(import.meta.resolve('../../hsm/index.ts'))};
      const signer = await startPkcs11Signer({ ...${options}, permitSecret: new Uint8Array(32) });
      process.stdout.write(String((await signer.health()).pid));`;
    const argv = [...signerCommand.slice(1, 3), '--input-type=module', '-e', program];
    const parent = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [output] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(output.toString());
    expect(isGone(pid)).to.equal(false);
    parent.kill('SIGKILL');
    await until(async () => isGone(pid), 5000);
  });

  it('leaves signals to its parent', async () => {
    const { signer, secret } = await start();
    const key = await signer.generate('k', 'P-256');
    const { pid } = await signer.health();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.kill(pid!, signal);
    await sleep(100);
    await signsAgain(signer, secret, key, 0);
    expect(await signer.health()).to.include({ state: 'ready', pid, restarts: 0 });
  });

  it('closes with everything signed that was asked for, and signs nothing after', async () => {
    const { signer, secret } = await start({ calls: 'parallel' });
    const key = await signer.generate('k', 'P-256');
    const { pid } = await signer.health();
    const requests = Array.from({ length: 300 }, () => signRequest(secret, 'k', { lane: 'batch' }));
    const running = signer.signMany(requests);
    await signer.close();
    expect(tally(key, requests, await running)).to.deep.equal({ ok: 300 });
    expect(isGone(pid!)).to.equal(true);
    expect(await codeOf(signer.sign(signRequest(secret, 'k')))).to.equal('hsm/unavailable');
    expect(await signer.health()).to.include({ state: 'stopped', restarts: 0 });
  });
});

/** Outcomes by code; a signature that is given is good, or the test fails here. */
function tally(key: PublicKey, requests: readonly SignRequest[], outcomes: readonly SignOutcome[]) {
  const counts: Record<string, number> = {};
  outcomes.forEach((outcome, index) => {
    let code = 'ok';
    if (outcome.ok) expect(signatureIsGood(key, requests[index]!.data, outcome.signature)).to.equal(true);
    else code = outcome.error instanceof HsmError ? outcome.error.code : String(outcome.error);
    counts[code] = (counts[code] ?? 0) + 1;
  });
  return counts;
}

async function signsAgain(signer: Pkcs11Signer, secret: Uint8Array, key: PublicKey, withinMs: number) {
  await until(async () => {
    const request = signRequest(secret, 'k', { data: randomBytes(20) });
    const outcomes = await signer.signMany([request]);
    return tally(key, [request], outcomes).ok === 1;
  }, withinMs);
}

async function until(condition: () => Promise<boolean>, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not so within ${withinMs} ms`);
    await sleep(25);
  }
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'ok',
    (error: unknown) => (error instanceof HsmError ? error.code : String(error))
  );
}

function states(changes: readonly SignerHealth[]): string[] {
  return changes.map(({ state }) => state);
}

/** Ended, whether or not anybody has collected its exit status. */
function isGone(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/\(.*\)/, ''));
  } catch {
    return true;
  }
}
